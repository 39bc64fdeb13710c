namespace VlmSharp;

/// <summary>
/// The root of every error that VlmSharp raises about what it was given: a checkpoint, a picture, a tokenizer,
/// a prompt. The message is one sentence that names the file or value, what is wrong with it and, where there
/// is one, the remedy. A fault of the calling program stays an <see cref="ArgumentException"/>.
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
    /// <summary>What kind of fault it is, for who answers a client: <see cref="ImageFault.Damaged"/> unless said otherwise.</summary>
    public ImageFault Fault { get; internal init; }

    /// <summary>The property of <c>ImageOptions</c> whose limit the picture is over, or null where it is over none.</summary>
    internal string? Limit { get; init; }
}

/// <summary>Why a picture was refused: what a service tells apart when it answers the client who sent it.</summary>
public enum ImageFault
{
    /// <summary>The bytes are missing, cut off or contradict their format; the file may be fine where it came from.</summary>
    Damaged,

    /// <summary>The bytes are of a format, or of a kind of a format, that is not read; another file format helps.</summary>
    Unsupported,

    /// <summary>The picture is larger than a limit of <c>ImageOptions</c> allows; a smaller picture helps.</summary>
    OverLimit,
}
