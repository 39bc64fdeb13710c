using Microsoft.AspNetCore.Http;

namespace VlmSharp.Server.Observing;

/// <summary>
/// Paths that machines poll every few seconds. Their requests are not logged, measured or traced while all is well.
/// </summary>
internal static class QuietPaths
{
    /// <summary>Succeeds as long as the process can answer.</summary>
    public const string Live = "/health/live";

    /// <summary>Succeeds while requests are accepted.</summary>
    public const string Ready = "/health/ready";

    /// <summary>What Prometheus reads.</summary>
    public const string Metrics = "/metrics";

    /// <summary>Whether a request's path is one of them. Called before routing.</summary>
    public static bool Has(PathString path) => path == Live || path == Ready || path == Metrics;
}
