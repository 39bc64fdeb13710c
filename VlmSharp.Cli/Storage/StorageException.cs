namespace VlmSharp.Cli.Storage;

/// <summary>A failure of an object store; the message says what to do.</summary>
/// <param name="message">One sentence.</param>
/// <param name="inner">The client's exception.</param>
internal sealed class StorageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether a retry can help: a network error, or a service that asks to slow down.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Whether the error concerns only one object: it is missing, too large, or cannot be read.</summary>
    public bool IsOfObject { get; init; }

    /// <summary>Whether the object does not exist.</summary>
    public bool IsMissing { get; init; }
}
