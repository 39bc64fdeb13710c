namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// The coefficients of macroblocks (RFC 6386, section 13), dequantized, with the second-order luma block already folded into the DC of the
/// sixteen others (section 14.3).
/// </summary>
internal sealed class Vp8CoefficientReader(Vp8FrameHeader header)
{
    // Block types, section 13.3.
    private const int LumaWithoutDc = 0;
    private const int SecondOrder = 1;
    private const int Chroma = 2;
    private const int LumaWithDc = 3;

    // Whether the neighboring blocks have coefficients: four of luma, two of each chroma plane, the second-order block.
    private const int Contexts = 9;
    private const int SecondOrderContext = 8;

    private readonly byte[] probabilities = header.CoefficientProbabilities;
    private readonly byte[] above = new byte[header.MacroblocksAcross * Contexts];
    private readonly byte[] left = new byte[Contexts];

    // The band of each coefficient, and of the position after the last.
    private static ReadOnlySpan<byte> Bands => [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0];

    private static ReadOnlySpan<byte> Zigzag => [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

    // The probabilities of the bits of large values, from the highest on; categories 3 to 6.
    private static ReadOnlySpan<byte> ThirdCategory => [173, 148, 140];

    private static ReadOnlySpan<byte> FourthCategory => [176, 155, 140, 135];

    private static ReadOnlySpan<byte> FifthCategory => [180, 157, 141, 134, 130];

    private static ReadOnlySpan<byte> SixthCategory => [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129];

    /// <summary>Begins a row of macroblocks.</summary>
    public void BeginRow() => left.AsSpan().Clear();

    /// <summary>Reads the coefficients of the macroblock in this column. The caller must have cleared those of the previous one.</summary>
    public void Read(Vp8BoolReader reader, int column, Vp8Macroblock block)
    {
        Span<byte> top = above.AsSpan(column * Contexts, Contexts);
        if (block.Skipped)
        {
            // A macroblock without 4 x 4 prediction also has a second-order block, which is empty here.
            int cleared = block.HasSubblocks ? SecondOrderContext : Contexts;
            top[..cleared].Clear();
            left.AsSpan(0, cleared).Clear();
            block.HasAnyResidual = false;
            return;
        }
        Vp8Quantizer quantizer = header.Quantizers[block.Segment];
        bool any = false;
        if (!block.HasSubblocks)
            ReadSecondOrder(reader, top, quantizer, block.Coefficients);
        int type = block.HasSubblocks ? LumaWithDc : LumaWithoutDc, first = block.HasSubblocks ? 0 : 1;
        for (int i = 0; i < 16; i++)
            any |= ReadBlock(reader, type, first, quantizer.LumaDc, quantizer.LumaAc, block, i, ref top[i & 3], ref left[i >> 2]);
        for (int i = 16; i < Vp8Macroblock.Blocks; i++)
        {
            int plane = i < 20 ? 4 : 6;
            any |= ReadBlock(
                reader, Chroma, 0, quantizer.ChromaDc, quantizer.ChromaAc, block, i,
                ref top[plane + (i & 1)], ref left[plane + (i >> 1 & 1)]);
        }
        block.HasAnyResidual = any;
    }

    private void ReadSecondOrder(Vp8BoolReader reader, Span<byte> top, Vp8Quantizer quantizer, short[] coefficients)
    {
        Span<short> block = stackalloc short[16];
        block.Clear();
        int context = top[SecondOrderContext] + left[SecondOrderContext];
        int end = ReadTokens(reader, SecondOrder, context, 0, quantizer.SecondDc, quantizer.SecondAc, block);
        top[SecondOrderContext] = left[SecondOrderContext] = end > 0 ? (byte)1 : (byte)0;
        Vp8Transform.WalshHadamard(block, coefficients);
    }

    // True if the block must be transformed. A run of zeros counts as well, because the loop filter depends on it.
    private bool ReadBlock(
        Vp8BoolReader reader, int type, int first, int dc, int ac, Vp8Macroblock block, int index, ref byte top, ref byte side)
    {
        Span<short> coefficients = block.Coefficients.AsSpan(index * 16, 16);
        int end = ReadTokens(reader, type, top + side, first, dc, ac, coefficients);
        top = side = end > first ? (byte)1 : (byte)0;
        return block.HasResidual[index] = end > 1 || coefficients[0] != 0;
    }

    // Returns the position after the last token.
    private int ReadTokens(Vp8BoolReader reader, int type, int context, int first, int dc, int ac, Span<short> coefficients)
    {
        ReadOnlySpan<byte> ofType = probabilities.AsSpan(type * Vp8CoefficientTables.TypeStride, Vp8CoefficientTables.TypeStride);
        ReadOnlySpan<byte> tree = Tree(ofType, first, context);
        for (int i = first; i < 16;)
        {
            if (!reader.ReadBit(tree[0]))
                return i;
            while (!reader.ReadBit(tree[1]))
            {
                if (++i == 16)
                    return 16;
                tree = Tree(ofType, i, 0);
            }
            int value = 1, next = 1;
            if (reader.ReadBit(tree[2]))
            {
                value = ReadLarge(reader, tree);
                next = 2;
            }
            coefficients[Zigzag[i]] = (short)((reader.ReadFlag() ? -value : value) * (i == 0 ? dc : ac));
            tree = Tree(ofType, ++i, next);
        }
        return 16;
    }

    private static ReadOnlySpan<byte> Tree(ReadOnlySpan<byte> ofType, int place, int context) =>
        ofType.Slice(Bands[place] * Vp8CoefficientTables.BandStride + context * Vp8CoefficientTables.Nodes, Vp8CoefficientTables.Nodes);

    // A value of two or more.
    private static int ReadLarge(Vp8BoolReader reader, ReadOnlySpan<byte> tree)
    {
        if (!reader.ReadBit(tree[3]))
            return !reader.ReadBit(tree[4]) ? 2 : reader.ReadBit(tree[5]) ? 4 : 3;
        if (!reader.ReadBit(tree[6]))
            return !reader.ReadBit(tree[7]) ? 5 + ReadExtra(reader, [159]) : 7 + ReadExtra(reader, [165, 145]);
        if (!reader.ReadBit(tree[8]))
            return !reader.ReadBit(tree[9]) ? 11 + ReadExtra(reader, ThirdCategory) : 19 + ReadExtra(reader, FourthCategory);
        return !reader.ReadBit(tree[10]) ? 35 + ReadExtra(reader, FifthCategory) : 67 + ReadExtra(reader, SixthCategory);
    }

    private static int ReadExtra(Vp8BoolReader reader, ReadOnlySpan<byte> bitProbabilities)
    {
        int extra = 0;
        foreach (byte probability in bitProbabilities)
            extra = extra << 1 | (reader.ReadBit(probability) ? 1 : 0);
        return extra;
    }
}
