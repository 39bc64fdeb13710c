namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// Converts planes to RGB bit for bit as libwebp does. Chroma, at half the width and height, is interpolated with the weights 9, 3, 3 and 1
/// sixteenths (libwebp's "fancy upsampling"). The conversion is that of ITU-R BT.601, studio range, in 14-bit fixed point, with the
/// products truncated to 6 fractional bits.
/// </summary>
/// <param name="luma">The plane of Y.</param>
/// <param name="u">The plane of U, half as wide and high.</param>
/// <param name="v">The plane of V.</param>
/// <param name="width">Columns of the picture.</param>
/// <param name="height">Rows of the picture.</param>
internal sealed class Vp8Color(Vp8Plane luma, Vp8Plane u, Vp8Plane v, int width, int height)
{
    private readonly byte[] rowU = new byte[(width + 1) / 2 * 2];
    private readonly byte[] rowV = new byte[(width + 1) / 2 * 2];

    /// <summary>Fills a row of pixels.</summary>
    public void Convert(int y, Span<byte> row)
    {
        int across = (width + 1) / 2, down = (height + 1) / 2;
        // The row with a weight of one quarter: the one above for even rows, the one below for odd ones.
        int near = y / 2, far = Math.Clamp(near + ((y & 1) == 0 ? -1 : 1), 0, down - 1);
        Interpolate(u.Row(near, across), u.Row(far, across), rowU);
        Interpolate(v.Row(near, across), v.Row(far, across), rowV);
        ToRgb(luma.Row(y, width), rowU, rowV, row);
    }

    private static void Interpolate(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, Span<byte> row)
    {
        far = far[..near.Length];
        row = row[..(near.Length * 2)];
        int left = 3 * near[0] + far[0], middle = left;
        for (int x = 0; x < near.Length; x++)
        {
            int right = x + 1 < near.Length ? 3 * near[x + 1] + far[x + 1] : middle;
            row[2 * x] = (byte)((3 * middle + left + 8) >> 4);
            row[2 * x + 1] = (byte)((3 * middle + right + 8) >> 4);
            (left, middle) = (middle, right);
        }
    }

    private static void ToRgb(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> u, ReadOnlySpan<byte> v, Span<byte> pixels)
    {
        u = u[..luma.Length];
        v = v[..luma.Length];
        pixels = pixels[..(luma.Length * 3)];
        for (int x = 0, to = 0; x < luma.Length; x++, to += 3)
        {
            int y = luma[x] * 19077 >> 8;
            pixels[to] = Clamp(y + (v[x] * 26149 >> 8) - 14234);
            pixels[to + 1] = Clamp(y - (u[x] * 6419 >> 8) - (v[x] * 13320 >> 8) + 8708);
            pixels[to + 2] = Clamp(y + (u[x] * 33050 >> 8) - 17685);
        }
    }

    private static byte Clamp(int value) => (uint)value < 256 << 6 ? (byte)(value >> 6) : value < 0 ? (byte)0 : (byte)255;
}
