namespace VlmSharp.Ladder.Attention;

/// <summary>
/// The sizes of one head of attention: queries, keys, values and the result are [Tokens, HeadDim] each, stored row after row.
/// The mask is PaliGemma's: a token sees the whole prefix (picture and prompt), and everything up to itself.
/// </summary>
/// <param name="Tokens">Queries, i, and as many keys, j.</param>
/// <param name="HeadDim">Features of a head, d.</param>
/// <param name="Prefix">Tokens that see each other in both directions: all of them in the vision encoder, 0 is causal.</param>
public readonly record struct AttentionShape(int Tokens, int HeadDim, int Prefix)
{
    /// <summary>Scores are multiplied by 1 / sqrt(HeadDim).</summary>
    public float Scale => 1 / MathF.Sqrt(HeadDim);

    /// <summary>Token i sees the keys j below this.</summary>
    public int VisibleEnd(int i) => Math.Min(Tokens, Math.Max(Prefix, i + 1));

    /// <summary>Floating-point operations of the two products, hidden scores counted too.</summary>
    public double Flops => 4.0 * Tokens * Tokens * HeadDim;
}
