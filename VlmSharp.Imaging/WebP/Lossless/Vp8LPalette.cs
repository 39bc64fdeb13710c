namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>
/// Undoes the palette transform (WebP lossless specification, section 4.4). The green channel holds indices; if the palette is small,
/// several per pixel, the first in the lowest bits.
/// </summary>
internal static class Vp8LPalette
{
    /// <summary>
    /// The colors from their differences, followed by transparent black for every other index that the packed bits can express.
    /// </summary>
    public static uint[] Expand(ReadOnlySpan<uint> differences, int bits)
    {
        var colors = new uint[1 << (8 >> bits)];
        uint color = 0;
        for (int i = 0; i < differences.Length; i++)
            colors[i] = color = Vp8LTransform.Add(color, differences[i]);
        return colors;
    }

    /// <summary>
    /// Replaces indices with colors. It runs backwards: the unpacked pixels are in the same memory, never before the packed ones.
    /// </summary>
    public static void Undo(Vp8LTransform transform, Span<uint> pixels)
    {
        int width = transform.Width, packedWidth = transform.PackedWidth, bits = transform.Bits;
        int indexBits = 8 >> bits, packMask = (1 << bits) - 1, indexMask = (1 << indexBits) - 1;
        uint[] colors = transform.Data;
        for (int y = pixels.Length / width - 1; y >= 0; y--)
        {
            for (int x = width - 1; x >= 0; x--)
            {
                int packed = (int)(pixels[y * packedWidth + (x >> bits)] >> 8) & 0xFF;
                pixels[y * width + x] = colors[(packed >> ((x & packMask) * indexBits)) & indexMask];
            }
        }
    }
}
