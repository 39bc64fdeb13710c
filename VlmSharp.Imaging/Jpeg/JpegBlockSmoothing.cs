namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// Estimates AC coefficients of a progressive picture that its scans have not brought down to the last bit. Where the blocks around a
/// block become brighter to the right, the block is more likely a ramp than flat, so its DC value and those of the 24 blocks around it
/// say what its lowest frequencies may be. Without this, a picture of the first scans alone shows its blocks.
/// The idea is that of ITU T.81, section K.8, which looks at 3 x 3 blocks. The weights for 5 x 5 blocks, the rounding and what happens
/// at the picture's edges are those of libjpeg-turbo 2.1.5 (<c>jdcoefct.c</c>), so that the samples are the same to the bit.
/// </summary>
internal sealed class JpegBlockSmoothing
{
    /// <summary>How many coefficients, in zigzag order from DC on, it looks at or estimates.</summary>
    public const int Coefficients = 10;

    private const int Reach = 2; // blocks to each side
    private const int Side = 2 * Reach + 1;

    // Of a block without any AC coefficient. They also blur its DC value.
    private static readonly int[] DcWeights =
    [
        -2, -6, -8, -6, -2,
        -6, 6, 42, 6, -6,
        -8, 42, 152, 42, -8,
        -6, 6, 42, 6, -6,
        -2, -6, -8, -6, -2,
    ];

    private static readonly Estimate[] WithoutAc =
    [
        .. Pair(
            1,
            2,
            [
                -1, -1, 0, 1, 1,
                -3, 13, 0, -13, 3,
                -3, 38, 0, -38, 3,
                -3, 13, 0, -13, 3,
                -1, -1, 0, 1, 1,
            ]),
        .. Pair(
            5,
            3,
            [
                0, 0, 0, 0, 0,
                0, 2, -5, 2, 0,
                1, 7, -14, 7, 1,
                0, 2, -5, 2, 0,
                0, 0, 0, 0, 0,
            ]),
        new(
            4,
            [
                -1, 0, 0, 0, 1,
                0, 9, 0, -9, 0,
                0, 0, 0, 0, 0,
                0, -9, 0, 9, 0,
                1, 0, 0, 0, -1,
            ]),
        .. Pair(
            6,
            9,
            [
                0, 0, 0, 0, 0,
                0, 1, 0, -1, 0,
                0, 2, 0, -2, 0,
                0, 1, 0, -1, 0,
                0, 0, 0, 0, 0,
            ]),
        .. Pair(
            7,
            8,
            [
                0, 0, 0, 0, 0,
                0, 1, -3, 1, 0,
                0, 0, 0, 0, 0,
                0, -1, 3, -1, 0,
                0, 0, 0, 0, 0,
            ]),
    ];

    // Of a block with some AC coefficients, as in section K.8.
    private static readonly Estimate[] BesideAc =
    [
        .. Pair(
            1,
            2,
            [
                0, 0, 0, 0, 0,
                0, 0, 0, 0, 0,
                -7, 50, 0, -50, 7,
                0, 0, 0, 0, 0,
                0, 0, 0, 0, 0,
            ]),
        .. Pair(
            5,
            3,
            [
                0, 0, 0, 0, 0,
                0, 0, 0, 0, 0,
                -1, 13, -24, 13, -1,
                0, 0, 0, 0, 0,
                0, 0, 0, 0, 0,
            ]),
        new(
            4,
            [
                0, -1, 0, 1, 0,
                -1, 10, 0, -10, 1,
                0, 0, 0, 0, 0,
                1, -10, 0, 10, -1,
                0, 1, 0, -1, 0,
            ]),
    ];

    // The DC values of the rows of blocks from two above to two below, each with its edge values repeated. [Side, blocks across + 2 Reach]
    private readonly int[][] rows;

    private JpegBlockSmoothing(JpegFrame frame)
    {
        int across = frame.Components.Max(c => c.BlocksAcross) + 2 * Reach;
        rows = [.. Enumerable.Range(0, Side).Select(_ => new int[across])];
    }

    /// <summary>
    /// The smoothing of a frame whose scans have all come; null if its coefficients are complete or it cannot be smoothed.
    /// </summary>
    public static JpegBlockSmoothing? For(JpegFrame frame)
    {
        bool useful = false;
        foreach (JpegComponent c in frame.Components)
        {
            foreach (byte position in JpegZigzag.ToRowMajor[..Coefficients])
            {
                if (c.Quantization![position] == 0)
                    return null;
            }
            if (c.LowestBits[0] < 0)
                return null;
            useful |= c.LowestBits.AsSpan(1).IndexOfAnyExcept(0) >= 0;
        }
        return useful ? new JpegBlockSmoothing(frame) : null;
    }

    /// <summary>Takes the DC values that the blocks of a row need.</summary>
    /// <param name="frame">The picture that is decoded, with all of its coefficients.</param>
    /// <param name="c">One of its components.</param>
    /// <param name="mcuRow">A row of MCUs.</param>
    /// <param name="row">A row of the component's blocks among them.</param>
    public void BeginRow(JpegFrame frame, JpegComponent c, int mcuRow, int row)
    {
        int first = mcuRow * c.VerticalFactor, end = Math.Min(first + c.VerticalFactor, c.BlocksDown);
        int above = Math.Max(row - 1, 0), below = Math.Min(row + 1, c.BlocksDown - 1);
        // As in libjpeg-turbo: the second row counts within the row of MCUs, or where two rows of MCUs are on that side.
        int above2 = row >= first + 2 || mcuRow >= 2 ? row - 2 : above;
        int below2 = row + 2 < end || mcuRow + 2 < frame.McusDown ? row + 2 : below;
        TakeRow(c, above2, rows[0]);
        TakeRow(c, above, rows[1]);
        TakeRow(c, row, rows[2]);
        TakeRow(c, below, rows[3]);
        TakeRow(c, below2, rows[4]);
    }

    /// <summary>Copies a block of the row and fills in what can be estimated.</summary>
    /// <param name="c">The row's component.</param>
    /// <param name="column">The block's column.</param>
    /// <param name="block">Its 64 coefficients, row-major.</param>
    /// <param name="smoothed">Receives 64 coefficients.</param>
    public void Smooth(JpegComponent c, int column, ReadOnlySpan<short> block, Span<short> smoothed)
    {
        block.CopyTo(smoothed);
        Span<int> dc = stackalloc int[Side * Side]; // [Side, Side]
        for (int i = 0; i < Side; i++)
            rows[i].AsSpan(column, Side).CopyTo(dc[(i * Side)..]);
        bool withoutAc = c.LowestBits.AsSpan(1).IndexOfAnyExcept(-1) < 0;
        foreach (Estimate estimate in withoutAc ? WithoutAc : BesideAc)
        {
            byte position = JpegZigzag.ToRowMajor[estimate.Coefficient];
            int lowest = c.LowestBits[estimate.Coefficient];
            if (lowest == 0 || block[position] != 0)
                continue;
            // A coefficient that is 0 down to some bit is smaller than that bit.
            int most = lowest > 0 ? (1 << lowest) - 1 : int.MaxValue;
            smoothed[position] = Quantize(dc, estimate.Weights, c.Quantization!, position, most);
        }
        if (withoutAc)
            smoothed[0] = Quantize(dc, DcWeights, c.Quantization!, 0, int.MaxValue);
    }

    // The weighted sum in steps of the coefficient's quantization, rounded to the nearest and at most so far from 0. Weights are in 1/256.
    private static short Quantize(
        ReadOnlySpan<int> dc, ReadOnlySpan<int> weights, ReadOnlySpan<ushort> quantization, int position, int most)
    {
        int sum = 0; // at most 432 * 2^15
        for (int i = 0; i < dc.Length; i++)
            sum += dc[i] * weights[i];
        long step = quantization[position];
        int value = (int)(((step << 7) + Math.Abs((long)sum * quantization[0])) / (step << 8));
        value = Math.Min(value, most);
        return (short)(sum < 0 ? -value : value);
    }

    private static void TakeRow(JpegComponent c, int row, Span<int> values)
    {
        int across = c.BlocksAcross;
        ReadOnlySpan<short> coefficients = c.Coefficients.AsSpan(row * c.PaddedBlocksAcross * 64, across * 64);
        for (int i = 0; i < across; i++)
            values[Reach + i] = coefficients[i * 64];
        values[..Reach].Fill(coefficients[0]);
        // Right of two blocks libjpeg-turbo takes the first one's value again.
        values.Slice(Reach + across, Reach).Fill(coefficients[across > 2 ? (across - 1) * 64 : 0]);
    }

    // A coefficient and the one across the diagonal, which swaps right and down.
    private static Estimate[] Pair(int coefficient, int transposed, int[] weights)
    {
        int[] swapped = new int[weights.Length];
        for (int i = 0; i < weights.Length; i++)
            swapped[i % Side * Side + i / Side] = weights[i];
        return [new(coefficient, weights), new(transposed, swapped)];
    }

    // A coefficient in zigzag order, and the weights of the DC values around it. [Side, Side]
    private readonly record struct Estimate(int Coefficient, int[] Weights);
}
