namespace VlmSharp.Server;

/// <summary>Limits of a connection before a complete request has arrived. Kestrel checks them once a second.</summary>
internal sealed record ConnectionLimits
{
    /// <summary>Maximum number of simultaneous connections; further ones are closed at once.</summary>
    public long Most { get; init; } = 10_000;

    /// <summary>Maximum time without a request.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>From a request's first byte to the end of its headers.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a body, or a client that reads its answer, may stay below the minimum rate.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
