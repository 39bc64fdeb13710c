namespace VlmSharp.Imaging;

/// <summary>A rectangle of whole pixels. Edges lie between pixels, so the whole picture is (0, 0, width, height).</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Right">The column after the last.</param>
/// <param name="Bottom">The row after the last.</param>
public readonly record struct PixelRegion(int Left, int Top, int Right, int Bottom)
{
    /// <summary>Width in pixels.</summary>
    public int Width => Right - Left;

    /// <summary>Height in pixels.</summary>
    public int Height => Bottom - Top;

    /// <summary>The intersection of two rectangles; its width or height is 0 if they do not overlap.</summary>
    /// <param name="other">The other rectangle.</param>
    /// <returns>What both cover, of at least 0 pixels on each side.</returns>
    internal PixelRegion Intersect(PixelRegion other)
    {
        int left = Math.Max(Left, other.Left), top = Math.Max(Top, other.Top);
        return new PixelRegion(left, top, Math.Max(left, Math.Min(Right, other.Right)), Math.Max(top, Math.Min(Bottom, other.Bottom)));
    }
}
