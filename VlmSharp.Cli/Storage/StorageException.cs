namespace VlmSharp.Cli.Storage;

/// <summary>An object store did not do what was asked; the message says what to do.</summary>
/// <param name="message">One sentence.</param>
/// <param name="inner">What the client said.</param>
internal sealed class StorageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether another try can help: the network, or a service that asks to slow down.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Whether it says something about one object alone: it is not there, too large, or not to be read.</summary>
    public bool IsOfObject { get; init; }

    /// <summary>Whether the object is not there.</summary>
    public bool IsMissing { get; init; }
}
