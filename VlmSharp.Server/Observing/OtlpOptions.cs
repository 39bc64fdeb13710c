namespace VlmSharp.Server.Observing;

/// <summary>Where traces and metrics are sent by OpenTelemetry's protocol.</summary>
/// <remarks>
/// What is not here is read by OpenTelemetry's SDK from its usual environment variables, for instance OTEL_RESOURCE_ATTRIBUTES,
/// OTEL_TRACES_SAMPLER, OTEL_METRIC_EXPORT_INTERVAL (milliseconds).
/// </remarks>
public sealed record OtlpOptions
{
    /// <summary>The collector, for instance http://localhost:4318, as OTEL_EXPORTER_OTLP_ENDPOINT names it: without /v1/traces.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Whether it speaks gRPC (port 4317 as a rule), or else protobuf over HTTP (4318).</summary>
    public bool UsesGrpc { get; init; }

    /// <summary>Headers as comma-separated <c>name=value</c>, as in OTEL_EXPORTER_OTLP_HEADERS; null for none. May hold a secret.</summary>
    public string? Headers { get; init; }

    /// <summary>What the collector calls this server.</summary>
    public string ServiceName { get; init; } = "vlmsharp";

    /// <summary>Omits the headers: they may hold a secret.</summary>
    public override string ToString() => $"{ServiceName} to {Endpoint} by {(UsesGrpc ? "gRPC" : "HTTP")}";
}
