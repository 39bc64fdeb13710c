namespace VlmSharp.Server.Keys;

/// <summary>What one client, which is one name in the key file, may use. Nothing is limited by default.</summary>
public sealed record ClientLimitOptions
{
    /// <summary>The most requests of a client that are answered or wait at a time; null, the default, is any number.</summary>
    public int? MaxRequestsAtOnce { get; init; }

    /// <summary>How many requests a minute a client may begin in the long run; null, the default, is any number.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>
    /// How many of these it may begin at once after a rest: the size of its token bucket. <see cref="RequestsPerMinute"/> when null, the
    /// default.
    /// </summary>
    public int? Burst { get; init; }
}
