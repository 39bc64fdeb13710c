using System.Diagnostics.Metrics;

namespace VlmSharp.Server.Observing;

/// <summary>
/// Whose measurements leave the server: the model's, the server's, and those of the runtime and of Kestrel's connections.
/// </summary>
internal static class ObservedMeters
{
    /// <summary>The names of the meters.</summary>
    public static string[] Names { get; } = [Telemetry.VlmSharpTelemetry.Name, ServerMetrics.MeterName, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>Whether a meter is one of them; of the servers of a process, each tells its own.</summary>
    public static bool Contains(Meter meter, ServerMetrics own) => meter == own.Meter || (meter.Name != ServerMetrics.MeterName && Names.Contains(meter.Name));
}
