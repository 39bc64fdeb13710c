namespace VlmSharp.Imaging.Jpeg;

/// <summary>What the components of a JPEG mean.</summary>
internal enum JpegColorSpace
{
    Gray,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

/// <summary>
/// Rows of components to RGB. YCbCr is that of JFIF (ITU T.871), in 16-bit fixed point as the Independent JPEG Group's code
/// rounds it. Four components are taken as inverted, as Adobe's programs write them and Pillow assumes, and become RGB by
/// Pillow's formula: with n = 255 - K, each channel is n - C * n / 255.
/// </summary>
internal static class JpegColor
{
    private const int Half = 1 << 15;

    private static readonly int[] RedOfCr = Table(91881, Half, 16);    // 1.40200
    private static readonly int[] BlueOfCb = Table(116130, Half, 16);  // 1.77200
    private static readonly int[] GreenOfCr = Table(-46802, 0, 0);     // -0.71414
    private static readonly int[] GreenOfCb = Table(-22554, Half, 0);  // -0.34414, and the rounding of both

    /// <summary>Three rows of Y, Cb and Cr to a row of pixels.</summary>
    public static void FromYCbCr(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> pixels)
    {
        int width = pixels.Length / 3;
        luma = luma[..width];
        cb = cb[..width];
        cr = cr[..width];
        ReadOnlySpan<int> redOfCr = RedOfCr, blueOfCb = BlueOfCb, greenOfCr = GreenOfCr, greenOfCb = GreenOfCb;
        for (int x = 0, to = 0; x < luma.Length && to + 2 < pixels.Length; x++, to += 3)
        {
            int y = luma[x], blue = cb[x], red = cr[x];
            pixels[to] = Clamp(y + redOfCr[red]);
            pixels[to + 1] = Clamp(y + ((greenOfCb[blue] + greenOfCr[red]) >> 16));
            pixels[to + 2] = Clamp(y + blueOfCb[blue]);
        }
    }

    /// <summary>Three rows of R, G and B to a row of pixels; for gray, the same row three times.</summary>
    public static void FromRgb(ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> pixels)
    {
        for (int x = 0, to = 0; to < pixels.Length; x++, to += 3)
            (pixels[to], pixels[to + 1], pixels[to + 2]) = (red[x], green[x], blue[x]);
    }

    /// <summary>
    /// Applies inverted ink in place: <paramref name="pixels"/> holds rows of inverted C, M and Y (255 is no ink).
    /// </summary>
    public static void ApplyInk(ReadOnlySpan<byte> invertedBlack, Span<byte> pixels)
    {
        for (int x = 0, to = 0; to < pixels.Length; x++, to += 3)
        {
            int n = invertedBlack[x];
            for (int channel = 0; channel < 3; channel++)
            {
                int product = (255 - pixels[to + channel]) * n + 128;
                pixels[to + channel] = Clamp(n - (((product >> 8) + product) >> 8));
            }
        }
    }

    /// <summary>Turns the complement of each byte into the byte.</summary>
    public static void Invert(Span<byte> pixels)
    {
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)~pixels[i];
    }

    private static byte Clamp(int value) => (uint)value <= 255 ? (byte)value : value < 0 ? (byte)0 : (byte)255;

    private static int[] Table(int factor, int add, int shift)
    {
        var table = new int[256];
        for (int i = 0; i < table.Length; i++)
            table[i] = (factor * (i - 128) + add) >> shift;
        return table;
    }
}
