using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// Planes to RGB, bit for bit as libwebp does it: chroma, at half the width and height, is interpolated with the weights
/// 9, 3, 3 and 1 sixteenths (its "fancy upsampling"); the conversion is that of ITU-R BT.601, studio range, in 14-bit fixed
/// point with the products cut to 6 bits below the point.
/// </summary>
internal static class Vp8Color
{
    /// <summary>Fills the picture.</summary>
    public static void Convert(Vp8Plane luma, Vp8Plane u, Vp8Plane v, Raster image)
    {
        int width = (image.Width + 1) / 2, height = (image.Height + 1) / 2;
        var rowU = new byte[width * 2];
        var rowV = new byte[width * 2];
        for (int y = 0; y < image.Height; y++)
        {
            // The row that contributes a quarter: the one above for even rows, the one below for odd ones.
            int near = y / 2, far = Math.Clamp(near + ((y & 1) == 0 ? -1 : 1), 0, height - 1);
            Interpolate(u.Row(near, width), u.Row(far, width), rowU);
            Interpolate(v.Row(near, width), v.Row(far, width), rowV);
            ToRgb(luma.Row(y, image.Width), rowU, rowV, image.Row(y));
        }
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
