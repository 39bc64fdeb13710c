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
    /// <summary>The property of <c>ImageOptions</c> whose limit the picture is over, or null where it is over none.</summary>
    internal string? Limit { get; init; }
}
