namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>Undoes the transforms that subtract one channel from another (WebP lossless specification, sections 4.2 and 4.3).</summary>
internal static class Vp8LCrossColor
{
    /// <summary>Adds green to red and blue.</summary>
    public static void AddGreen(Span<uint> pixels)
    {
        foreach (ref uint pixel in pixels)
        {
            uint green = pixel >> 8 & 0xFF;
            pixel = Vp8LTransform.Add(pixel, green << 16 | green);
        }
    }

    /// <summary>Adds the multiples of green to red, and of green and red to blue, that each tile gives in 32nds.</summary>
    public static void Undo(Vp8LTransform transform, Span<uint> pixels)
    {
        int width = transform.Width, bits = transform.Bits, across = Vp8LTransform.Tiles(width, bits);
        for (int y = 0, at = 0; at < pixels.Length; y++)
        {
            ReadOnlySpan<uint> tiles = transform.Data.AsSpan((y >> bits) * across, across);
            for (int x = 0; x < width; x++, at++)
                pixels[at] = Undo(pixels[at], tiles[x >> bits]);
        }
    }

    private static uint Undo(uint pixel, uint tile)
    {
        sbyte greenToRed = (sbyte)tile, greenToBlue = (sbyte)(tile >> 8), redToBlue = (sbyte)(tile >> 16);
        sbyte green = (sbyte)(pixel >> 8);
        int red = (int)(pixel >> 16) + (greenToRed * green >> 5);
        int blue = (int)pixel + (greenToBlue * green >> 5) + (redToBlue * (sbyte)red >> 5);
        return pixel & 0xFF00FF00 | (uint)(red & 0xFF) << 16 | (uint)(blue & 0xFF);
    }
}
