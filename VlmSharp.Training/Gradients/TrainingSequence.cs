namespace VlmSharp.Training.Gradients;

/// <summary>One example in the model's terms: a prompt, and the answer that is to be learned.</summary>
/// <param name="Ids">All tokens: image placeholders, prefix, suffix and the end of sequence.</param>
/// <param name="PrefixLength">
/// How many of them are the prompt, which sees itself in both directions. The rest are the targets, at least one.
/// </param>
/// <param name="Pixels">Its pictures, each [3 * S * S]: planes R, G, B in -1..1.</param>
public sealed record TrainingSequence(IReadOnlyList<int> Ids, int PrefixLength, IReadOnlyList<float[]> Pixels)
{
    /// <summary>Tokens that the loss is taken of.</summary>
    public int TargetCount => Ids.Count - PrefixLength;
}
