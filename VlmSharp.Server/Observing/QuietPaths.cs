using Microsoft.AspNetCore.Http;

namespace VlmSharp.Server.Observing;

/// <summary>What machines ask every few seconds, to know whether all is well. These requests are not logged, measured or traced as long as it is.</summary>
internal static class QuietPaths
{
    /// <summary>Answers as long as the process can.</summary>
    public const string Live = "/health/live";

    /// <summary>Answers well while requests are taken.</summary>
    public const string Ready = "/health/ready";

    /// <summary>What Prometheus reads.</summary>
    public const string Metrics = "/metrics";

    /// <summary>Whether a request is one of them. Asked before a route is found for it.</summary>
    public static bool Has(PathString path) => path == Live || path == Ready || path == Metrics;
}
