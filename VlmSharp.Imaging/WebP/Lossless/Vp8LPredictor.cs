namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>
/// Undoes the predictor transform (WebP lossless specification, section 4.1): each pixel is stored as the difference, channel by channel
/// modulo 256, from a prediction of its neighbors. The tile's green channel gives the mode.
/// </summary>
internal static class Vp8LPredictor
{
    private const uint Black = 0xFF000000;

    /// <summary>Turns differences into colors.</summary>
    /// <param name="transform">Says which of the predictors each tile uses.</param>
    /// <param name="pixels">ARGB, [height, width].</param>
    public static void Undo(Vp8LTransform transform, Span<uint> pixels)
    {
        int width = transform.Width, bits = transform.Bits, across = Vp8LTransform.Tiles(width, bits);
        pixels[0] = Vp8LTransform.Add(pixels[0], Black);
        for (int x = 1; x < width; x++)
            pixels[x] = Vp8LTransform.Add(pixels[x], pixels[x - 1]);
        for (int y = 1, at = width; at < pixels.Length; y++)
        {
            ReadOnlySpan<uint> tiles = transform.Data.AsSpan((y >> bits) * across, across);
            pixels[at] = Vp8LTransform.Add(pixels[at], pixels[at - width]);
            at++;
            for (int x = 1; x < width; x++, at++)
            {
                // The pixel to the upper right of the last column is the first of its own row, which is already done.
                uint predicted = Predict(
                    (int)(tiles[x >> bits] >> 8) & 15, pixels[at - 1], pixels[at - width], pixels[at - width + 1], pixels[at - width - 1]);
                pixels[at] = Vp8LTransform.Add(pixels[at], predicted);
            }
        }
    }

    /// <summary>One of the 14 predictions; the two unused mode numbers count as the first.</summary>
    public static uint Predict(int mode, uint left, uint top, uint topRight, uint topLeft) => mode switch
    {
        1 => left,
        2 => top,
        3 => topRight,
        4 => topLeft,
        5 => Average(Average(left, topRight), top),
        6 => Average(left, topLeft),
        7 => Average(left, top),
        8 => Average(topLeft, top),
        9 => Average(top, topRight),
        10 => Average(Average(left, topLeft), Average(top, topRight)),
        11 => Select(left, top, topLeft),
        12 => Gradient(left, top, topLeft),
        13 => HalfGradient(Average(left, top), topLeft),
        _ => Black,
    };

    // Channel by channel, rounded down.
    private static uint Average(uint a, uint b) => (((a ^ b) & 0xFEFEFEFE) >> 1) + (a & b);

    // The one of left and top that is nearer to left + top - topLeft.
    private static uint Select(uint left, uint top, uint topLeft)
    {
        int toLeft = 0, toTop = 0;
        for (int shift = 0; shift < 32; shift += 8)
        {
            int corner = Channel(topLeft, shift);
            toLeft += Math.Abs(Channel(top, shift) - corner);
            toTop += Math.Abs(Channel(left, shift) - corner);
        }
        return toLeft < toTop ? left : top;
    }

    private static uint Gradient(uint left, uint top, uint topLeft)
    {
        uint color = 0;
        for (int shift = 0; shift < 32; shift += 8)
            color |= Clamp(Channel(left, shift) + Channel(top, shift) - Channel(topLeft, shift)) << shift;
        return color;
    }

    private static uint HalfGradient(uint average, uint topLeft)
    {
        uint color = 0;
        for (int shift = 0; shift < 32; shift += 8)
        {
            int middle = Channel(average, shift);
            color |= Clamp(middle + (middle - Channel(topLeft, shift)) / 2) << shift;
        }
        return color;
    }

    private static uint Clamp(int value) => (uint)Math.Clamp(value, 0, 255);

    private static int Channel(uint color, int shift) => (int)(color >> shift) & 0xFF;
}
