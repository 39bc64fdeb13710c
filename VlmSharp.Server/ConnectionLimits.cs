namespace VlmSharp.Server;

/// <summary>What a connection may take before a request has come whole. Kestrel looks once a second.</summary>
internal sealed record ConnectionLimits
{
    /// <summary>Connections at the same time; further ones are closed at once.</summary>
    public long Most { get; init; } = 10_000;

    /// <summary>Without a request.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>From a request's first byte to the end of its headers.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a body, or a client that reads its answer, may be slower than the least rate.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
