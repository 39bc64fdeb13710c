namespace VlmSharp.Hub;

/// <summary>The hub, its cache or the way to it. The message is for the user: what is wrong, and the next step. It never holds a token.</summary>
/// <param name="kind">What has gone wrong.</param>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class HubException(HubErrorKind kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What has gone wrong.</summary>
    public HubErrorKind Kind { get; } = kind;

    /// <summary>Whether the network or the hub is at fault, so that the same call may succeed later.</summary>
    public bool IsTransient => Kind is HubErrorKind.UnknownHost or HubErrorKind.Unreachable or HubErrorKind.Tls or HubErrorKind.Proxy or HubErrorKind.Timeout
        or HubErrorKind.PartialFile or HubErrorKind.ServerError or HubErrorKind.RateLimited or HubErrorKind.NotAHub or HubErrorKind.HashMismatch;
}
