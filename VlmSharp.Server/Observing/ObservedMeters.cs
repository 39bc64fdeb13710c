using System.Diagnostics.Metrics;

namespace VlmSharp.Server.Observing;

/// <summary>
/// The exported meters: the model's, the server's, the runtime's and Kestrel's connections.
/// </summary>
internal static class ObservedMeters
{
    /// <summary>The names of the meters.</summary>
    public static string[] Names { get; } =
        [Telemetry.VlmSharpTelemetry.Name, ServerMetrics.MeterName, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>Whether a meter is exported; with several servers in a process, each exports its own.</summary>
    public static bool Contains(Meter meter, ServerMetrics own) =>
        meter == own.Meter || (meter.Name != ServerMetrics.MeterName && Names.Contains(meter.Name));
}
