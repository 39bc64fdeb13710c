namespace VlmSharp.Server.Observing;

/// <summary>Why a request was turned away before a model saw it.</summary>
internal enum Rejection
{
    /// <summary>No key, or a wrong one.</summary>
    Unauthorized,

    /// <summary>The body, a picture or a count is over its limit.</summary>
    TooLarge,

    /// <summary>The queue of the server is full.</summary>
    QueueFull,

    /// <summary>The client has its maximum number of requests in progress.</summary>
    ClientLimit,

    /// <summary>Memory ran out for it.</summary>
    NoMemory,

    /// <summary>It waited too long for a place.</summary>
    Deadline,

    /// <summary>The model is still being loaded.</summary>
    Loading,

    /// <summary>The server is about to end.</summary>
    Draining,
}

/// <summary>Names of <see cref="Rejection"/>.</summary>
internal static class Rejections
{
    /// <summary>The value of the metric's label.</summary>
    public static string Label(this Rejection reason) => reason switch
    {
        Rejection.Unauthorized => "unauthorized",
        Rejection.TooLarge => "too_large",
        Rejection.QueueFull => "queue_full",
        Rejection.ClientLimit => "client_limit",
        Rejection.NoMemory => "no_memory",
        Rejection.Deadline => "deadline",
        Rejection.Loading => "loading",
        Rejection.Draining => "draining",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    /// <summary>The rejection for a status if none was set; null for a status that is not a rejection.</summary>
    public static Rejection? OfStatus(int status) => status switch
    {
        401 or 403 => Rejection.Unauthorized,
        413 => Rejection.TooLarge,
        429 => Rejection.QueueFull,
        503 => Rejection.Draining,
        408 or 504 => Rejection.Deadline,
        _ => null,
    };
}
