namespace VlmSharp.Imaging;

/// <summary>A box in a picture: in pixels from its top left corner, edges between pixels, so the whole picture is (0, 0, width, height).</summary>
/// <param name="X0">Left edge.</param>
/// <param name="Y0">Top edge.</param>
/// <param name="X1">Right edge, at least <paramref name="X0"/>.</param>
/// <param name="Y1">Bottom edge, at least <paramref name="Y0"/>.</param>
public readonly record struct Box(float X0, float Y0, float X1, float Y1)
{
    /// <summary>Pixels from left to right.</summary>
    public float Width => X1 - X0;

    /// <summary>Pixels from top to bottom.</summary>
    public float Height => Y1 - Y0;

    /// <summary>Width times height.</summary>
    public float Area => Width * Height;

    /// <summary>How much of their union two boxes share: 0 to 1, 0 where both are empty.</summary>
    /// <param name="other">The other box.</param>
    /// <returns>Area of the intersection / area of the union.</returns>
    public float IntersectionOverUnion(Box other)
    {
        float width = Math.Min(X1, other.X1) - Math.Max(X0, other.X0), height = Math.Min(Y1, other.Y1) - Math.Max(Y0, other.Y0);
        if (width <= 0 || height <= 0) return 0;
        float shared = width * height;
        return shared / (Area + other.Area - shared);
    }

    /// <summary>The whole pixels of a picture that the box covers: edges rounded to the nearest (ties to even), at least one pixel.</summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <returns>A region inside the picture.</returns>
    public PixelRegion Pixels(int width, int height)
    {
        (int x, int right) = Interval(X0, X1, width);
        (int y, int bottom) = Interval(Y0, Y1, height);
        return new PixelRegion(x, y, right - x, bottom - y);
    }

    private static (int First, int End) Interval(float from, float to, int size)
    {
        int first = (int)Math.Clamp(MathF.Round(from), 0, size - 1), end = (int)Math.Clamp(MathF.Round(to), 0, size);
        return (first, Math.Max(end, first + 1));
    }
}
