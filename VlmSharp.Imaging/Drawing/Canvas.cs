namespace VlmSharp.Imaging.Drawing;

/// <summary>Draws into a picture. Shapes are clipped to the picture.</summary>
/// <param name="image">The picture, changed in place.</param>
internal sealed class Canvas(RgbImage image)
{
    private PixelRegion Whole => new(0, 0, image.Width, image.Height);

    /// <summary>Paints a rectangle.</summary>
    public void Fill(PixelRegion region, Rgb color)
    {
        PixelRegion visible = region.Intersect(Whole);
        for (int y = visible.Top; y < visible.Bottom; y++)
            for (int x = visible.Left; x < visible.Right; x++) Set(x, y, color);
    }

    /// <summary>Paints the border of a rectangle, on its inside.</summary>
    public void Frame(PixelRegion region, int thickness, Rgb color)
    {
        Fill(region with { Bottom = region.Top + thickness }, color);
        Fill(region with { Top = region.Bottom - thickness }, color);
        Fill(region with { Right = region.Left + thickness }, color);
        Fill(region with { Left = region.Right - thickness }, color);
    }

    /// <summary>Blends a color into the picture, weighted by a mask.</summary>
    /// <param name="left">Column of the mask's left edge.</param>
    /// <param name="top">Row of the mask's top edge.</param>
    /// <param name="mask">255 means the full <paramref name="opacity"/>.</param>
    /// <param name="color">What the full opacity would paint.</param>
    /// <param name="opacity">0 to 1.</param>
    public void Tint(int left, int top, GrayImage mask, Rgb color, float opacity)
    {
        PixelRegion visible = new PixelRegion(left, top, left + mask.Width, top + mask.Height).Intersect(Whole);
        for (int y = visible.Top; y < visible.Bottom; y++)
        {
            ReadOnlySpan<byte> values = mask.Row(y - top);
            Span<byte> row = image.Row(y);
            for (int x = visible.Left; x < visible.Right; x++)
            {
                float part = opacity * values[x - left] / 255;
                Span<byte> pixel = row.Slice(3 * x, 3);
                (pixel[0], pixel[1], pixel[2]) =
                    (Mix(pixel[0], color.Red, part), Mix(pixel[1], color.Green, part), Mix(pixel[2], color.Blue, part));
            }
        }
    }

    /// <summary>Paints the border of a mask's area, on its inside. The area is the pixels with a value of at least 128.</summary>
    /// <param name="left">Column of the mask's left edge.</param>
    /// <param name="top">Row of the mask's top edge.</param>
    /// <param name="mask">255 inside the object.</param>
    /// <param name="thickness">Thickness of the border in pixels.</param>
    /// <param name="color">Painted fully, without blending.</param>
    public void Outline(int left, int top, GrayImage mask, int thickness, Rgb color)
    {
        PixelRegion visible = new PixelRegion(left, top, left + mask.Width, top + mask.Height).Intersect(Whole);
        for (int y = visible.Top - top; y < visible.Bottom - top; y++)
            for (int x = visible.Left - left; x < visible.Right - left; x++)
            {
                bool isRim = Covers(x, y)
                    && !(Covers(x - thickness, y) && Covers(x + thickness, y) && Covers(x, y - thickness) && Covers(x, y + thickness));
                if (isRim) Set(left + x, top + y, color);
            }

        bool Covers(int x, int y) => (uint)x < (uint)mask.Width && (uint)y < (uint)mask.Height && mask.Row(y)[x] >= 128;
    }

    /// <summary>Writes a line of text.</summary>
    /// <param name="left">Column of the first character's left edge.</param>
    /// <param name="top">Row of the characters' top edge.</param>
    /// <param name="text">Characters that the font lacks are drawn as a replacement.</param>
    /// <param name="scale">Pixels for each pixel of the font.</param>
    /// <param name="color">The text's color.</param>
    public void Text(int left, int top, string text, int scale, Rgb color)
    {
        foreach (char character in text)
        {
            for (int y = 0; y < BitmapFont.GlyphHeight; y++)
                for (int x = 0; x < BitmapFont.GlyphWidth; x++)
                    if (BitmapFont.IsInk(character, x, y)) Fill(Dot(left + x * scale, top + y * scale), color);
            left += (BitmapFont.GlyphWidth + 1) * scale;
        }

        PixelRegion Dot(int x, int y) => new(x, y, x + scale, y + scale);
    }

    private void Set(int x, int y, Rgb color)
    {
        Span<byte> pixel = image.Row(y).Slice(3 * x, 3);
        (pixel[0], pixel[1], pixel[2]) = (color.Red, color.Green, color.Blue);
    }

    private static byte Mix(byte below, byte above, float part) => (byte)MathF.Round(below + (above - below) * part);
}
