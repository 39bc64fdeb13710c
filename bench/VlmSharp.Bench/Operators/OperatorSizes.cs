namespace VlmSharp.Bench.Operators;

/// <summary>The sizes of the arguments of the operators.</summary>
/// <param name="Rows">New tokens: the tokens of one prompt, or, if <paramref name="Context"/> is not 0, one token of each sequence.</param>
/// <param name="Context">Tokens that each sequence already has in its cache.</param>
/// <param name="Hidden">Features of a token.</param>
/// <param name="Mlp">Features inside the gated layer.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key-value heads.</param>
/// <param name="HeadDim">Features of a head.</param>
/// <param name="Vocabulary">Tokens in the vocabulary.</param>
internal sealed record OperatorSizes(int Rows, int Context, int Hidden, int Mlp, int Heads, int KvHeads, int HeadDim, int Vocabulary)
{
    /// <summary>The decoder of PaliGemma-3B.</summary>
    public static OperatorSizes PaliGemma(int rows, int context) => new(rows, context, 2048, 16384, 8, 1, 256, 257216);

    public bool IsDecode => Context > 0;

    public override string ToString() => IsDecode ? $"{Rows} of one token each after {Context}" : $"{Rows} tokens of a prompt";
}
