using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace VlmSharp.Server.Observing;

/// <summary><c>/metrics</c>: what Prometheus reads.</summary>
internal static class MetricsRoute
{
    /// <summary>Maps it for GET. It needs <see cref="ObservationServices.AddObservation"/>.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        PrometheusExporter exporter = routes.ServiceProvider.GetRequiredService<PrometheusExporter>();
        routes.MapMethods(QuietPaths.Metrics, ["GET"], context =>
        {
            byte[] text = Encoding.UTF8.GetBytes(exporter.Write());
            context.Response.ContentType = PrometheusText.ContentType;
            context.Response.ContentLength = text.Length;
            return context.Response.Body.WriteAsync(text, context.RequestAborted).AsTask();
        });
    }
}
