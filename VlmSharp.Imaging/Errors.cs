namespace VlmSharp;

/// <summary>
/// The base class of every error that VlmSharp raises about its input: a checkpoint, a picture, a tokenizer, a prompt. The message is one
/// sentence that names the file or value, says what is wrong with it and, where there is one, gives the remedy. A bug in the calling
/// program stays an <see cref="ArgumentException"/>.
/// </summary>
public abstract class VlmSharpException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">One sentence for the user.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    protected VlmSharpException(string message, Exception? innerException = null) : base(message, innerException) { }
}

/// <summary>A picture is damaged, of an unsupported format, or larger than the stated limit.</summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class ImageFormatException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException)
{
    /// <summary>The kind of fault, for programs that answer a client. The default is <see cref="ImageFault.Damaged"/>.</summary>
    public ImageFault Fault { get; internal init; }

    /// <summary>The property of <c>ImageOptions</c> whose limit the picture exceeds; null if it exceeds none.</summary>
    internal string? Limit { get; init; }
}

/// <summary>Why a picture was refused, so that a service can tell the client.</summary>
public enum ImageFault
{
    /// <summary>The bytes are missing, cut off or contradict their format; the original file may be fine.</summary>
    Damaged,

    /// <summary>The format, or this variant of it, is not supported; another file format helps.</summary>
    Unsupported,

    /// <summary>The picture is larger than a limit of <c>ImageOptions</c> allows; a smaller picture helps.</summary>
    OverLimit,
}
