namespace VlmSharp.Imaging;

/// <summary>
/// A box in a picture, in pixels from its top left corner. Edges lie between pixels, so the whole picture is (0, 0, width, height).
/// </summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Right">Right edge, at least <paramref name="Left"/>.</param>
/// <param name="Bottom">Bottom edge, at least <paramref name="Top"/>.</param>
public readonly record struct Box(float Left, float Top, float Right, float Bottom)
{
    /// <summary>Pixels from left to right.</summary>
    public float Width => Right - Left;

    /// <summary>Pixels from top to bottom.</summary>
    public float Height => Bottom - Top;

    /// <summary>Width times height.</summary>
    public float Area => Width * Height;

    /// <summary>The intersection over union of two boxes: 0 to 1, 0 if both are empty.</summary>
    /// <param name="other">The other box.</param>
    /// <returns>Area of the intersection / area of the union.</returns>
    public float IntersectionOverUnion(Box other)
    {
        float width = Math.Min(Right, other.Right) - Math.Max(Left, other.Left);
        float height = Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top);
        if (width <= 0 || height <= 0) return 0;
        float shared = width * height;
        return shared / (Area + other.Area - shared);
    }

    /// <summary>
    /// The whole pixels of a picture that the box covers, at least one. Edges are rounded to the nearest integer (ties to even).
    /// </summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <returns>A region inside the picture.</returns>
    public PixelRegion Pixels(int width, int height)
    {
        (int left, int right) = Interval(Left, Right, width);
        (int top, int bottom) = Interval(Top, Bottom, height);
        return new PixelRegion(left, top, right, bottom);
    }

    private static (int First, int End) Interval(float from, float to, int size)
    {
        int first = (int)Math.Clamp(MathF.Round(from), 0, size - 1), end = (int)Math.Clamp(MathF.Round(to), 0, size);
        return (first, Math.Max(end, first + 1));
    }
}
