namespace VlmSharp.Training.Data;

/// <summary>
/// A file of examples, for training or for evaluation, is missing, damaged, of an unknown form, or has an example that cannot be used.
/// </summary>
/// <param name="message">One sentence for the user: which file and line, what is wrong, what to do.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class TrainingDataException(string message, Exception? innerException = null)
    : VlmSharpException(message, innerException);
