namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// The inverse DCT of a dequantized 8 x 8 block in integers: the algorithm of C. Loeffler, A. Ligtenberg and G. Moschytz
/// ("Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989), columns first, with 13-bit constants and two
/// fraction bits between the passes. These are the precision and the roundings of the Independent JPEG Group's accurate
/// transform ("islow"), so the samples are the same to the bit. Coefficients that only damaged data has overflow as in the vector code of
/// libjpeg-turbo: inputs and sums of two inputs are cut to 16 bits, and the results of the first pass are saturated to 16 bits.
/// </summary>
internal static class JpegIdct
{
    private const int ConstBits = 13;
    private const int PassBits = 2;

    // round(x * 2^13)
    private const int F0298 = 2446;
    private const int F0390 = 3196;
    private const int F0541 = 4433;
    private const int F0765 = 6270;
    private const int F0899 = 7373;
    private const int F1175 = 9633;
    private const int F1501 = 12299;
    private const int F1847 = 15137;
    private const int F1961 = 16069;
    private const int F2053 = 16819;
    private const int F2562 = 20995;
    private const int F3072 = 25172;

    /// <summary>A block that has only its DC coefficient: 64 equal samples.</summary>
    public static void Fill(int dc, ReadOnlySpan<ushort> quantization, Span<byte> samples, int stride)
    {
        byte value = Sample((short)(dc * quantization[0] << PassBits) + (1 << (PassBits + 2)) >> (PassBits + 3));
        for (int y = 0; y < 8; y++)
            samples.Slice(y * stride, 8).Fill(value);
    }

    /// <summary>Dequantizes and transforms a block.</summary>
    /// <param name="block">64 coefficients, row-major.</param>
    /// <param name="quantization">64 divisors, row-major.</param>
    /// <param name="workspace">Room for 64 numbers.</param>
    /// <param name="samples">Receives the samples, from the block's first one on.</param>
    /// <param name="stride">Bytes per row of <paramref name="samples"/>.</param>
    public static void Transform(
        ReadOnlySpan<short> block, ReadOnlySpan<ushort> quantization, Span<int> workspace, Span<byte> samples, int stride)
    {
        block = block[..64];
        quantization = quantization[..64];
        workspace = workspace[..64];
        Span<int> line = stackalloc int[8];
        for (int x = 0; x < 8; x++)
        {
            int dc = (short)(block[x] * quantization[x]);
            bool flat = block[x + 8] == 0 && block[x + 16] == 0 && block[x + 24] == 0 && block[x + 32] == 0
                && block[x + 40] == 0 && block[x + 48] == 0 && block[x + 56] == 0;
            if (flat)
            {
                int value = Saturate(dc << PassBits);
                for (int y = 0; y < 64; y += 8)
                    workspace[x + y] = value;
                continue;
            }
            line[0] = dc;
            for (int y = 1; y < 8; y++)
                line[y] = (short)(block[x + y * 8] * quantization[x + y * 8]);
            Line(line, ConstBits - PassBits);
            for (int y = 0; y < 8; y++)
                workspace[x + y * 8] = Saturate(line[y]);
        }
        for (int y = 0; y < 8; y++)
        {
            Span<int> row = workspace.Slice(y * 8, 8);
            Line(row, ConstBits + PassBits + 3);
            Span<byte> output = samples.Slice(y * stride, 8);
            for (int x = 0; x < 8; x++)
                output[x] = Sample(row[x]);
        }
    }

    // The one-dimensional transform of eight numbers in place; the results are divided by 2^shift, rounding half up.
    private static void Line(Span<int> v, int shift)
    {
        v = v[..8];
        // Even part: the rotation of coefficients 2 and 6, the sum and difference of 0 and 4.
        int rotation = (v[2] + v[6]) * F0541;
        int even2 = rotation - v[6] * F1847;
        int even3 = rotation + v[2] * F0765;
        int even0 = (short)(v[0] + v[4]) << ConstBits;
        int even1 = (short)(v[0] - v[4]) << ConstBits;
        int round = 1 << (shift - 1);
        int sum0 = even0 + even3 + round, sum3 = even0 - even3 + round;
        int sum1 = even1 + even2 + round, sum2 = even1 - even2 + round;

        // Odd part: coefficients 7, 5, 3 and 1.
        int odd0 = v[7], odd1 = v[5], odd2 = v[3], odd3 = v[1];
        int z1 = odd0 + odd3, z2 = odd1 + odd2, z3 = (short)(odd0 + odd2), z4 = (short)(odd1 + odd3);
        int z5 = (z3 + z4) * F1175;
        z1 *= -F0899;
        z2 *= -F2562;
        z3 = z3 * -F1961 + z5;
        z4 = z4 * -F0390 + z5;
        odd0 = odd0 * F0298 + z1 + z3;
        odd1 = odd1 * F2053 + z2 + z4;
        odd2 = odd2 * F3072 + z2 + z3;
        odd3 = odd3 * F1501 + z1 + z4;

        v[0] = (sum0 + odd3) >> shift;
        v[7] = (sum0 - odd3) >> shift;
        v[1] = (sum1 + odd2) >> shift;
        v[6] = (sum1 - odd2) >> shift;
        v[2] = (sum2 + odd1) >> shift;
        v[5] = (sum2 - odd1) >> shift;
        v[3] = (sum3 + odd0) >> shift;
        v[4] = (sum3 - odd0) >> shift;
    }

    private static int Saturate(int value) => Math.Clamp(value, short.MinValue, short.MaxValue);

    // Samples are centered on 128.
    private static byte Sample(int value) => (byte)Math.Clamp(value + 128, 0, 255);
}
