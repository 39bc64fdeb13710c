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
    /// <summary>The option that is wrong, under transformers' name ("top_p"), with which the message begins; null where it is none.</summary>
    public string? Parameter { get; init; }
}

/// <summary>A device's memory is too small for what was asked of it; the message says how much it takes and which setting would fit.</summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class DeviceMemoryException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException);
