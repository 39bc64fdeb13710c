namespace VlmSharp.Training.Data;

/// <summary>
/// An example in tokens: <c>[image placeholders][bos][prefix][newline][suffix][eos]</c>. Token i is predicted at row i - 1. The first
/// <see cref="PrefixLength"/> tokens attend to each other; each later token attends to all tokens before it. The later tokens are the
/// targets.
/// </summary>
/// <param name="Ids">All token ids.</param>
/// <param name="PrefixLength">The number of given tokens: placeholders, bos, prefix, newline.</param>
/// <param name="Cut">The number of tokens at the end, including eos, that did not fit and are not in the ids.</param>
public sealed record EncodedExample(IReadOnlyList<int> Ids, int PrefixLength, int Cut)
{
    /// <summary>The label of a token that is not to be predicted, as in PyTorch's cross-entropy.</summary>
    public const int NoLabel = -100;

    /// <summary>How many tokens are to be predicted: the suffix and eos.</summary>
    public int TargetCount => Ids.Count - PrefixLength;

    /// <summary>
    /// The row at which the first target is predicted; the others follow: <c>Ids[FirstTargetRow + 1 + t]</c> is target t.
    /// </summary>
    public int FirstTargetRow => PrefixLength - 1;

    /// <summary>The same as from transformers' processor: 0 for given tokens, 1 for targets.</summary>
    /// <returns>A number for each token.</returns>
    public int[] TokenTypeIds() => [.. Ids.Select((_, i) => i < PrefixLength ? 0 : 1)];

    /// <summary>The same as from transformers' processor: the id at a target, <see cref="NoLabel"/> elsewhere; not shifted.</summary>
    /// <returns>A number for each token.</returns>
    public int[] Labels() => [.. Ids.Select((id, i) => i < PrefixLength ? NoLabel : id)];
}
