namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>Which loop filter a frame has (RFC 6386, section 9.6).</summary>
internal enum Vp8FilterKind
{
    None,
    Simple,
    Normal,
}

/// <summary>How strongly a macroblock's edges are filtered (RFC 6386, sections 9.6 and 15.2 to 15.4).</summary>
/// <param name="EdgeLimit">The largest step across an edge between blocks that is filtered; 0 to skip the macroblock.</param>
/// <param name="InteriorLimit">The largest step between neighbors beside the edge for which it is filtered.</param>
/// <param name="HighVarianceThreshold">The step beside the edge above which only the two nearest samples change.</param>
internal readonly record struct Vp8FilterStrength(int EdgeLimit, int InteriorLimit, int HighVarianceThreshold);

/// <summary>The loop filter's part of the frame header, and the resulting strengths.</summary>
internal sealed class Vp8FilterHeader
{
    private readonly int level;
    private readonly int sharpness;

    // Added for a key frame, and for macroblocks that are predicted in 4 x 4 blocks.
    private readonly int intraDelta;
    private readonly int subblockDelta;

    /// <summary>Reads this part of the frame header.</summary>
    public Vp8FilterHeader(Vp8BoolReader reader)
    {
        bool simple = reader.ReadFlag();
        level = reader.ReadBits(6);
        sharpness = reader.ReadBits(3);
        Kind = level == 0 ? Vp8FilterKind.None : simple ? Vp8FilterKind.Simple : Vp8FilterKind.Normal;
        bool hasDeltas = reader.ReadFlag();
        if (!hasDeltas || !reader.ReadFlag())
            return;
        // Four deltas by reference frame, four by mode; a key frame uses the first of each.
        Span<int> deltas = stackalloc int[8];
        for (int i = 0; i < deltas.Length; i++)
            deltas[i] = reader.ReadOptionalSigned(6);
        (intraDelta, subblockDelta) = (deltas[0], deltas[4]);
    }

    /// <summary>Which filter the frame has.</summary>
    public Vp8FilterKind Kind { get; }

    /// <summary>The strengths: [segments, whole macroblocks then 4 x 4 blocks].</summary>
    public Vp8FilterStrength[] Strengths(Vp8Segments segments)
    {
        var strengths = new Vp8FilterStrength[Vp8Segments.Count * 2];
        for (int i = 0; i < strengths.Length; i++)
        {
            int delta = intraDelta + ((i & 1) != 0 ? subblockDelta : 0);
            strengths[i] = Strength(Math.Clamp(segments.FilterLevel(i >> 1, level) + delta, 0, 63));
        }
        return strengths;
    }

    private Vp8FilterStrength Strength(int macroblockLevel)
    {
        if (macroblockLevel == 0)
            return default;
        int interior = macroblockLevel;
        if (sharpness > 0)
            interior = Math.Min(interior >> (sharpness > 4 ? 2 : 1), 9 - sharpness);
        interior = Math.Max(interior, 1);
        return new Vp8FilterStrength(2 * macroblockLevel + interior, interior, macroblockLevel >= 40 ? 2 : macroblockLevel >= 15 ? 1 : 0);
    }
}
