using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.WebP.Lossless;

namespace VlmSharp.Imaging.WebP;

/// <summary>
/// The alpha of a lossy picture, the payload of an <c>ALPH</c> chunk (RFC 9649, section 2.7.1.2): plain bytes or the green channel of a
/// lossless stream. Each value is the difference from a prediction by its neighbors.
/// </summary>
internal static class WebPAlpha
{
    private const int Plain = 0;
    private const int Lossless = 1;

    /// <summary>Decodes the plane.</summary>
    /// <param name="chunk">The content of the chunk <c>ALPH</c>.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="context">The errors to throw.</param>
    /// <returns>Opacities, [height, width].</returns>
    public static byte[] Decode(ReadOnlySpan<byte> chunk, int width, int height, DecodeContext context)
    {
        if (chunk.Length < 2)
            throw context.Truncated("its alpha");
        int method = chunk[0] & 3, filter = chunk[0] >> 2 & 3;
        // The next two bits say whether an encoder reduced the number of values, which need not be undone.
        if (method > Lossless || chunk[0] >> 4 > 1)
            throw context.Damaged("its alpha has an unknown compression or preprocessing");
        context.Reserve((long)width * height * (method == Plain ? 1 : 5)); // lossless pixels have four bytes
        byte[] plane = method == Plain ? ReadPlain(chunk[1..], width * height, context) : ReadLossless(chunk[1..], width, height, context);
        if (filter != 0)
            Unfilter(plane, width, filter);
        return plane;
    }

    private static byte[] ReadPlain(ReadOnlySpan<byte> data, int count, DecodeContext context) =>
        data.Length >= count ? data[..count].ToArray() : throw context.Truncated("its alpha");

    private static byte[] ReadLossless(ReadOnlySpan<byte> data, int width, int height, DecodeContext context) =>
        Array.ConvertAll(Vp8LPicture.ReadPixels(data, width, height, context), pixel => (byte)(pixel >> 8));

    // Filters: 1 from the left, 2 from above, 3 from left + above - corner. The first row can use only the left neighbor, the first column
    // only the one above.
    private static void Unfilter(Span<byte> plane, int width, int filter)
    {
        for (int x = 1; x < width; x++)
            plane[x] += plane[x - 1];
        for (int start = width; start < plane.Length; start += width)
        {
            Span<byte> row = plane.Slice(start, width);
            ReadOnlySpan<byte> above = plane.Slice(start - width, width);
            row[0] += above[0];
            for (int x = 1; x < width; x++)
            {
                row[x] += filter switch
                {
                    1 => row[x - 1],
                    2 => above[x],
                    _ => (byte)Math.Clamp(row[x - 1] + above[x] - above[x - 1], 0, 255),
                };
            }
        }
    }
}
