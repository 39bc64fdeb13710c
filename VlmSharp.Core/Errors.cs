namespace VlmSharp;

/// <summary>A model folder (safetensors, index, config.json) is missing, damaged or of an unknown kind.</summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class ModelFormatException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException);

/// <summary>A tokenizer file is missing, damaged or of an unknown kind.</summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class TokenizerFormatException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException);

/// <summary>A request cannot be carried out by this model: ids out of range, no room in the context, no tokenizer.</summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class RequestException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException)
{
    /// <summary>
    /// The name in transformers of the wrong option ("top_p"), with which the message begins; null if the error concerns no option.
    /// </summary>
    public string? Parameter { get; init; }
}

/// <summary>
/// A device's memory is too small for a request or a model; the message says how much is needed and which setting would fit.
/// </summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class DeviceMemoryException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException);
