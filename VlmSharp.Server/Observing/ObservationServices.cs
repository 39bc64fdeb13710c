using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace VlmSharp.Server.Observing;

/// <summary>Puts log, metrics, traces and health into an application.</summary>
internal static class ObservationServices
{
    /// <summary>
    /// Registers <see cref="HealthState"/>, <see cref="ServerGauges"/>, <see cref="ServerMetrics"/>, <see cref="RequestLog"/> and what
    /// exports them.
    /// </summary>
    /// <param name="services">The application's.</param>
    /// <param name="log">The request log.</param>
    /// <param name="otlp">Where traces and metrics are sent; null sends nothing.</param>
    public static void AddObservation(this IServiceCollection services, RequestLogOptions log, OtlpOptions? otlp)
    {
        services.AddSingleton<HealthState>();
        services.AddSingleton<ServerGauges>();
        services.AddSingleton(_ => new RequestLog(log)); // made here, so that the container disposes of it
        services.AddSingleton<ServerMetrics>();
        services.AddSingleton(provider =>
        {
            ServerMetrics own = provider.GetRequiredService<ServerMetrics>();
            return new PrometheusExporter(meter => ObservedMeters.Contains(meter, own));
        });
        services.AddSingleton<RequestObservation>();
        if (otlp is not null) OtlpExport.Add(services, otlp);
    }

    /// <summary>Observes every request from here on: call it before anything that answers, including errors.</summary>
    public static void UseRequestObservation(this IApplicationBuilder app)
    {
        app.ApplicationServices.GetRequiredService<PrometheusExporter>(); // counts from the first request on
        RequestObservation observation = app.ApplicationServices.GetRequiredService<RequestObservation>();
        app.Use(next => context => observation.InvokeAsync(context, next));
    }
}
