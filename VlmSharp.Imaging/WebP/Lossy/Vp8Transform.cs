namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>The inverse transforms (RFC 6386, sections 14.3 and 14.4), in integer arithmetic that all decoders must share.</summary>
internal static class Vp8Transform
{
    // sqrt(2) cos(pi / 8) - 1 and sqrt(2) sin(pi / 8), in 65536ths.
    private const int CosineMinusOne = 20091;
    private const int Sine = 35468;

    /// <summary>The inverse Walsh-Hadamard transform of the second-order block, which gives the DC of sixteen blocks.</summary>
    /// <param name="block">[4, 4].</param>
    /// <param name="coefficients">[16, 16]: the first of each row is written.</param>
    public static void WalshHadamard(ReadOnlySpan<short> block, Span<short> coefficients)
    {
        Span<int> columns = stackalloc int[16];
        for (int i = 0; i < 4; i++)
        {
            int a = block[i] + block[12 + i], b = block[4 + i] + block[8 + i];
            int c = block[4 + i] - block[8 + i], d = block[i] - block[12 + i];
            columns[i] = a + b;
            columns[4 + i] = c + d;
            columns[8 + i] = a - b;
            columns[12 + i] = d - c;
        }
        for (int i = 0; i < 16; i += 4)
        {
            int a = columns[i] + columns[i + 3] + 3, b = columns[i + 1] + columns[i + 2];
            int c = columns[i + 1] - columns[i + 2], d = columns[i] - columns[i + 3] + 3;
            coefficients[i * 16] = (short)((a + b) >> 3);
            coefficients[(i + 1) * 16] = (short)((c + d) >> 3);
            coefficients[(i + 2) * 16] = (short)((a - b) >> 3);
            coefficients[(i + 3) * 16] = (short)((d - c) >> 3);
        }
    }

    /// <summary>Adds the inverse cosine transform of a block to the prediction.</summary>
    /// <param name="block">[4, 4].</param>
    /// <param name="samples">The samples, starting at the block's first one.</param>
    /// <param name="stride">Bytes from row to row.</param>
    public static void AddInverseCosine(ReadOnlySpan<short> block, Span<byte> samples, int stride)
    {
        Span<int> columns = stackalloc int[16];
        for (int i = 0; i < 4; i++)
        {
            int a = block[i] + block[8 + i], b = block[i] - block[8 + i];
            int c = TimesSine(block[4 + i]) - TimesCosine(block[12 + i]), d = TimesCosine(block[4 + i]) + TimesSine(block[12 + i]);
            columns[i] = a + d;
            columns[4 + i] = b + c;
            columns[8 + i] = b - c;
            columns[12 + i] = a - d;
        }
        for (int y = 0; y < 4; y++)
        {
            ReadOnlySpan<int> row = columns.Slice(y * 4, 4);
            int a = row[0] + row[2] + 4, b = row[0] - row[2] + 4;
            int c = TimesSine(row[1]) - TimesCosine(row[3]), d = TimesCosine(row[1]) + TimesSine(row[3]);
            Span<byte> to = samples.Slice(y * stride, 4);
            to[0] = Clamp(to[0] + ((a + d) >> 3));
            to[1] = Clamp(to[1] + ((b + c) >> 3));
            to[2] = Clamp(to[2] + ((b - c) >> 3));
            to[3] = Clamp(to[3] + ((a - d) >> 3));
        }
    }

    private static int TimesCosine(int value) => (value * CosineMinusOne >> 16) + value;

    private static int TimesSine(int value) => value * Sine >> 16;

    private static byte Clamp(int value) => (uint)value <= 255 ? (byte)value : value < 0 ? (byte)0 : (byte)255;
}
