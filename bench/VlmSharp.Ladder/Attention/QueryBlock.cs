namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Up to 96 queries and what the running softmax keeps of each: the largest score m, the sum l of weights and the weighted sum o of
/// values. Beside them lie its scores with a block of keys. All of it is 0 at first, and m is minus infinity.
/// </summary>
public readonly unsafe struct QueryBlock
{
    /// <summary>Queries of a block: whole tiles.</summary>
    public const int Most = 96;

    /// <summary>Keys of a block. The scores [96, 256] are 96 KB and stay in the second-level cache.</summary>
    public const int KeyBlock = 256;

    private readonly float* scratch;

    /// <summary>Begins a block.</summary>
    /// <param name="shape">Tokens, heads and widths of the attention.</param>
    /// <param name="first">Its first query.</param>
    /// <param name="scratch">Memory of <see cref="Floats"/> numbers, whatever they are.</param>
    public QueryBlock(AttentionShape shape, int first, float* scratch)
    {
        (Shape, First) = (shape, first);
        this.scratch = scratch;
        Count = Math.Min(Most, shape.Tokens - first);
        new Span<float>(scratch, Floats(shape)).Clear();
        new Span<float>(Largest, Most).Fill(float.NegativeInfinity);
    }

    /// <summary>The sizes of the head.</summary>
    public AttentionShape Shape { get; }

    /// <summary>The first query.</summary>
    public int First { get; }

    /// <summary>Number of queries: as many as a block can have, or fewer at the end.</summary>
    public int Count { get; }

    /// <summary>m, a number for each query.</summary>
    public float* Largest => scratch + Most * KeyBlock;

    /// <summary>l, a number for each query.</summary>
    public float* Total => Largest + Most;

    /// <summary>Scores of query i with a block of keys, and then its weights: [256].</summary>
    public float* Scores(int i) => scratch + i * KeyBlock;

    /// <summary>o of query i, padded to whole panels.</summary>
    public float* Sums(int i) => Total + Most + (nint)i * Panels.Width(Shape.HeadDim);

    /// <summary>Floats of scratch memory that a block needs.</summary>
    public static int Floats(AttentionShape shape) => Most * (KeyBlock + 2 + Panels.Width(shape.HeadDim));
}
