namespace VlmSharp.Imaging.Drawing;

/// <summary>
/// Colors that people with any kind of color vision can tell apart (Okabe and Ito, "Color universal design", 2008), without black.
/// </summary>
internal static class Palette
{
    private static readonly Rgb[] Colors =
    [
        new(230, 159, 0), // orange
        new(86, 180, 233), // sky blue
        new(0, 158, 115), // bluish green
        new(240, 228, 66), // yellow
        new(0, 114, 178), // blue
        new(213, 94, 0), // vermilion
        new(204, 121, 167), // reddish purple
    ];

    /// <summary>The color of the i-th object; after seven colors they repeat.</summary>
    public static Rgb Color(int index) => Colors[index % Colors.Length];
}
