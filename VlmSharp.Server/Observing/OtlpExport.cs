using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace VlmSharp.Server.Observing;

/// <summary>Sends traces and metrics to a collector.</summary>
internal static class OtlpExport
{
    /// <summary>The source of ASP.NET Core's spans, one a request.</summary>
    private const string HttpSource = "Microsoft.AspNetCore";

    /// <summary>Starts and ends with the application; pending measurements are sent at the end.</summary>
    public static void Add(IServiceCollection services, OtlpOptions options)
    {
        if (options.Endpoint is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            throw new ArgumentException(
                $"The OTLP endpoint is {options.Endpoint}, but must be an http or https address such as http://localhost:4318.");
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                options.ServiceName, serviceVersion: typeof(OtlpExport).Assembly.GetName().Version?.ToString(3)))
            .WithTracing(tracing => tracing.AddSource(HttpSource, Telemetry.VlmSharpTelemetry.Name)
                .AddOtlpExporter(export => Set(export, options, "v1/traces")))
            .WithMetrics(metrics => metrics.AddMeter(ObservedMeters.Names).AddOtlpExporter(export => Set(export, options, "v1/metrics")));
    }

    private static void Set(OtlpExporterOptions export, OtlpOptions options, string path)
    {
        export.Protocol = options.UsesGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        // An endpoint set in code is used unchanged; for HTTP the path depends on the signal.
        export.Endpoint = options.UsesGrpc ? options.Endpoint : new Uri($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
        if (options.Headers is not null) export.Headers = options.Headers;
    }
}
