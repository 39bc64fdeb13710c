namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>The macroblocks' headers in the first partition: segment, skip flag and prediction modes (RFC 6386, section 11).</summary>
internal sealed class Vp8ModeReader(Vp8FrameHeader header)
{
    private readonly Vp8BoolReader reader = header.Modes;

    // The modes of the 4 x 4 blocks above, for the whole row, and to the left; blocks outside the picture count as DC.
    private readonly Vp8PredictionMode[] above = new Vp8PredictionMode[header.MacroblocksAcross * 4];
    private readonly Vp8PredictionMode[] left = new Vp8PredictionMode[4];

    /// <summary>Begins a row of macroblocks.</summary>
    public void BeginRow() => left.AsSpan().Clear();

    /// <summary>Reads the header of the macroblock in this column.</summary>
    public void Read(int column, Vp8Macroblock block)
    {
        block.Segment = header.Segments.ReadSegment(reader);
        block.Skipped = header.SkipProbability is int probability && reader.ReadBit(probability);
        block.HasSubblocks = !reader.ReadBit(145);
        Span<Vp8PredictionMode> top = above.AsSpan(column * 4, 4);
        if (block.HasSubblocks)
        {
            ReadSubblocks(top, block.Subblocks);
        }
        else
        {
            block.Luma = ReadLuma();
            top.Fill(block.Luma);
            left.AsSpan().Fill(block.Luma);
        }
        block.Chroma = ReadChroma();
    }

    private void ReadSubblocks(Span<Vp8PredictionMode> top, Vp8PredictionMode[] modes)
    {
        for (int i = 0; i < modes.Length; i++)
        {
            int x = i & 3, y = i >> 2;
            modes[i] = top[x] = left[y] = ReadSubblock(Vp8SubblockModeTable.Of(top[x], left[y]));
        }
    }

    private Vp8PredictionMode ReadSubblock(ReadOnlySpan<byte> tree)
    {
        if (!reader.ReadBit(tree[0]))
            return Vp8PredictionMode.Dc;
        if (!reader.ReadBit(tree[1]))
            return Vp8PredictionMode.TrueMotion;
        if (!reader.ReadBit(tree[2]))
            return Vp8PredictionMode.Vertical;
        if (!reader.ReadBit(tree[3]))
        {
            if (!reader.ReadBit(tree[4]))
                return Vp8PredictionMode.Horizontal;
            return reader.ReadBit(tree[5]) ? Vp8PredictionMode.VerticalRight : Vp8PredictionMode.DownRight;
        }
        if (!reader.ReadBit(tree[6]))
            return Vp8PredictionMode.DownLeft;
        if (!reader.ReadBit(tree[7]))
            return Vp8PredictionMode.VerticalLeft;
        return reader.ReadBit(tree[8]) ? Vp8PredictionMode.HorizontalUp : Vp8PredictionMode.HorizontalDown;
    }

    private Vp8PredictionMode ReadLuma()
    {
        if (reader.ReadBit(156))
            return reader.ReadBit(128) ? Vp8PredictionMode.TrueMotion : Vp8PredictionMode.Horizontal;
        return reader.ReadBit(163) ? Vp8PredictionMode.Vertical : Vp8PredictionMode.Dc;
    }

    private Vp8PredictionMode ReadChroma()
    {
        if (!reader.ReadBit(142))
            return Vp8PredictionMode.Dc;
        if (!reader.ReadBit(114))
            return Vp8PredictionMode.Vertical;
        return reader.ReadBit(183) ? Vp8PredictionMode.TrueMotion : Vp8PredictionMode.Horizontal;
    }
}
