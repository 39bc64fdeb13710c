namespace VlmSharp.Server.Keys;

/// <summary>Limits of one client, which is one name in the key file. Nothing is limited by default.</summary>
public sealed record ClientLimitOptions
{
    /// <summary>Maximum number of a client's requests that are answered or waiting at a time; null, the default, is no limit.</summary>
    public int? MaxRequestsAtOnce { get; init; }

    /// <summary>Average number of requests per minute that a client may begin; null, the default, is no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>
    /// Number of requests that it may begin at once after a pause: the size of its token bucket. <see cref="RequestsPerMinute"/> when null,
    /// the default.
    /// </summary>
    public int? Burst { get; init; }
}
