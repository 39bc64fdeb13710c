namespace VlmSharp.Training.Data;

/// <summary>An example ready for the model.</summary>
/// <param name="Source">The example as the data has it.</param>
/// <param name="Suffix">The answer that is learned at this visit.</param>
/// <param name="Tokens">Question and answer as ids, and which of them are learned.</param>
/// <param name="Pixels">Per picture [3 * S * S], planes R, G, B, normalized as the model's preprocessor does.</param>
public sealed record PreparedExample(TrainingExample Source, string Suffix, EncodedExample Tokens, IReadOnlyList<float[]> Pixels);
