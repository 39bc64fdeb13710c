using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>One color component of a JPEG frame (ITU T.81, section B.2.2) and its decoded data.</summary>
internal sealed class JpegComponent
{
    public required byte Id { get; init; }

    /// <summary>Samples across, in units of the frame's sampling grid.</summary>
    public required int HorizontalFactor { get; init; }

    /// <summary>Samples down, in units of the frame's sampling grid.</summary>
    public required int VerticalFactor { get; init; }

    /// <summary>Which quantization table the frame header names.</summary>
    public required int TableIndex { get; init; }

    /// <summary>Samples across that belong to the picture.</summary>
    public int Width { get; set; }

    /// <summary>Samples down that belong to the picture.</summary>
    public int Height { get; set; }

    /// <summary>Blocks across that hold samples of the picture: what a scan of this component alone has.</summary>
    public int BlocksAcross { get; set; }

    /// <summary>Blocks down that hold samples of the picture.</summary>
    public int BlocksDown { get; set; }

    /// <summary>Blocks across, filled up to whole MCUs: what is allocated.</summary>
    public int PaddedBlocksAcross { get; set; }

    /// <summary>Blocks down, filled up to whole MCUs.</summary>
    public int PaddedBlocksDown { get; set; }

    /// <summary>The quantization table as it was at the component's first scan, in row-major order.</summary>
    public ushort[]? Quantization { get; set; }

    /// <summary>The coefficients of all blocks, row-major within a block; only in progressive pictures.</summary>
    public short[]? Coefficients { get; set; }

    /// <summary>
    /// Down to which bit (Al) scans have brought each of the coefficients that <see cref="JpegBlockSmoothing"/> looks at, in zigzag order;
    /// -1 where none has come. Only in progressive pictures.
    /// </summary>
    public int[] LowestBits { get; } = [.. Enumerable.Repeat(-1, JpegBlockSmoothing.Coefficients)];

    /// <summary>The samples, <see cref="Stride"/> bytes per row: of the whole plane, or of the last MCU rows in turn.</summary>
    public byte[] Samples { get; private set; } = [];

    /// <summary>How many rows of samples are kept; row r is at r modulo this.</summary>
    public int KeptRows { get; private set; }

    public int Stride => PaddedBlocksAcross * 8;

    /// <summary>Whether a scan has brought this component (its DC coefficients, when progressive).</summary>
    public bool Seen { get; set; }

    /// <summary>Where a block's samples go, from the first one on.</summary>
    /// <param name="row">The block's row, in blocks.</param>
    /// <param name="column">Its column, in blocks.</param>
    public Span<byte> Block(int row, int column) => Samples.AsSpan((row * 8 % KeptRows * PaddedBlocksAcross + column) * 8);

    /// <summary>The samples of a row that belong to the picture.</summary>
    /// <param name="row">The row, among those that are kept.</param>
    public ReadOnlySpan<byte> Row(int row) => Samples.AsSpan(row % KeptRows * Stride, Width);

    /// <summary>Takes memory for samples.</summary>
    /// <param name="mcuRows">For so many rows of MCUs.</param>
    /// <param name="context">Refuses what is over the limit of memory.</param>
    public void Keep(int mcuRows, DecodeContext context)
    {
        KeptRows = mcuRows * VerticalFactor * 8;
        context.Reserve((long)KeptRows * Stride);
        Samples = new byte[KeptRows * Stride];
    }
}

/// <summary>The frame header (SOF) and the geometry that follows from it (ITU T.81, annex A.1.1 and A.2).</summary>
internal sealed class JpegFrame
{
    public required int Width { get; init; }

    public required int Height { get; init; }

    public required bool Progressive { get; init; }

    public required JpegComponent[] Components { get; init; }

    public int MaxHorizontalFactor { get; private set; }

    public int MaxVerticalFactor { get; private set; }

    public int McusAcross { get; private set; }

    public int McusDown { get; private set; }

    /// <summary>Computes the geometry; allocates nothing.</summary>
    public void Lay(long fileBytes, DecodeContext context)
    {
        MaxHorizontalFactor = Components.Max(c => c.HorizontalFactor);
        MaxVerticalFactor = Components.Max(c => c.VerticalFactor);
        McusAcross = DivideUp(Width, 8 * MaxHorizontalFactor);
        McusDown = DivideUp(Height, 8 * MaxVerticalFactor);
        long blocks = 0;
        foreach (JpegComponent c in Components)
        {
            if (MaxHorizontalFactor % c.HorizontalFactor != 0 || MaxVerticalFactor % c.VerticalFactor != 0)
                throw context.Unsupported("sampling factors whose ratio is not a whole number");
            c.Width = DivideUp(Width * c.HorizontalFactor, MaxHorizontalFactor);
            c.Height = DivideUp(Height * c.VerticalFactor, MaxVerticalFactor);
            c.BlocksAcross = DivideUp(c.Width, 8);
            c.BlocksDown = DivideUp(c.Height, 8);
            c.PaddedBlocksAcross = McusAcross * c.HorizontalFactor;
            c.PaddedBlocksDown = McusDown * c.VerticalFactor;
            blocks += (long)c.BlocksAcross * c.BlocksDown;
            if ((long)c.PaddedBlocksAcross * c.PaddedBlocksDown * 64 > Array.MaxLength)
                throw context.Unsupported("more samples than fit in one array");
        }
        // Every block costs at least one bit, so a short file cannot hold a large picture: refused before allocation.
        if (blocks > fileBytes * 8)
            throw context.Truncated("its compressed data");
    }

    /// <summary>Takes memory for the coefficients of a progressive picture.</summary>
    public void KeepCoefficients(DecodeContext context)
    {
        foreach (JpegComponent c in Components)
        {
            int count = c.PaddedBlocksAcross * c.PaddedBlocksDown * 64;
            context.Reserve(2L * count);
            c.Coefficients = new short[count];
        }
    }

    /// <summary>
    /// Takes memory for the two rows of MCUs that upsampling looks at: the samples of a row of pixels, and of the rows above and below it.
    /// </summary>
    public void KeepTwoRows(DecodeContext context) => Keep(Math.Min(2, McusDown), context);

    /// <summary>Takes memory for all samples.</summary>
    public void KeepAll(DecodeContext context) => Keep(McusDown, context);

    private void Keep(int mcuRows, DecodeContext context)
    {
        foreach (JpegComponent c in Components)
            c.Keep(mcuRows, context);
    }

    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;
}

/// <summary>A component's part in a scan: the component and its entropy-coding tables.</summary>
internal readonly record struct JpegScanComponent(JpegComponent Component, JpegHuffmanTable? Dc, JpegHuffmanTable? Ac);

/// <summary>The scan header (SOS; ITU T.81, section B.2.3).</summary>
/// <param name="Components">The components that the scan brings.</param>
/// <param name="First">First coefficient in zigzag order (Ss).</param>
/// <param name="Last">Last coefficient (Se).</param>
/// <param name="High">Bit position of the scan before (Ah), 0 for the first.</param>
/// <param name="Low">Bit position of this scan (Al).</param>
internal sealed record JpegScan(JpegScanComponent[] Components, int First, int Last, int High, int Low);
