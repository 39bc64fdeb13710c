namespace VlmSharp.Hub;

/// <summary>
/// An error of the hub, its cache, or the network. The message is for the user: the problem and the next step. It never contains a token.
/// </summary>
/// <param name="kind">What went wrong.</param>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class HubException(HubErrorKind kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What went wrong.</summary>
    public HubErrorKind Kind { get; } = kind;

    /// <summary>Whether the network or the hub is at fault, so that the same call may succeed later.</summary>
    public bool IsTransient => Kind is HubErrorKind.UnknownHost or HubErrorKind.Unreachable or HubErrorKind.Tls
        or HubErrorKind.Proxy or HubErrorKind.Timeout or HubErrorKind.PartialFile or HubErrorKind.ServerError
        or HubErrorKind.RateLimited or HubErrorKind.NotAHub or HubErrorKind.HashMismatch;
}
