namespace VlmSharp.Imaging;

/// <summary>A rectangle of whole pixels.</summary>
/// <param name="X">First column.</param>
/// <param name="Y">First row.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct PixelRegion(int X, int Y, int Width, int Height)
{
    /// <summary>The pixels that two rectangles share; of no width or height where they share none.</summary>
    /// <param name="other">The other rectangle.</param>
    /// <returns>The intersection.</returns>
    internal PixelRegion Intersect(PixelRegion other)
    {
        int x = Math.Max(X, other.X), y = Math.Max(Y, other.Y);
        return new PixelRegion(x, y, Math.Max(0, Math.Min(X + Width, other.X + other.Width) - x), Math.Max(0, Math.Min(Y + Height, other.Y + other.Height) - y));
    }
}
