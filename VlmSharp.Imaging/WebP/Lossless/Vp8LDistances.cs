namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>
/// Copy distances (WebP lossless specification, section 5.2.2). The first 120 distance codes are positions around the pixel, the nearest
/// first: up to seven rows above, and eight columns to the left or seven to the right.
/// </summary>
internal static class Vp8LDistances
{
    private const int Rows = 7;
    private const int Columns = 8;

    private static readonly (int Left, int Up)[] Neighbors = BuildNeighbors();

    /// <summary>The distance in pixels of a code.</summary>
    /// <param name="code">The code, at least 1.</param>
    /// <param name="width">Pixels in a row.</param>
    public static int Of(int code, int width)
    {
        if (code > Neighbors.Length)
            return code - Neighbors.Length;
        (int left, int up) = Neighbors[code - 1];
        return Math.Max(1, up * width + left);
    }

    // Among equally near positions the higher one comes first, then the one on the left.
    private static (int Left, int Up)[] BuildNeighbors()
    {
        var places = new List<(int Left, int Up)>();
        for (int up = 0; up <= Rows; up++)
        {
            for (int left = up == 0 ? 1 : 1 - Columns; left <= Columns; left++)
                places.Add((left, up));
        }
        return [.. places.OrderBy(p => p.Left * p.Left + p.Up * p.Up).ThenByDescending(p => p.Up).ThenByDescending(p => p.Left)];
    }
}
