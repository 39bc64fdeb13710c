namespace VlmSharp.Imaging.Drawing;

/// <summary>An sRGB color.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
internal readonly record struct Rgb(byte Red, byte Green, byte Blue)
{
    public static readonly Rgb Black = new(0, 0, 0), White = new(255, 255, 255);

    /// <summary>Black or white, whichever stands out more on this color (WCAG 2.1, contrast ratio).</summary>
    public Rgb Ink() => (Luminance + 0.05) * (Luminance + 0.05) > 0.05 * 1.05 ? Black : White;

    /// <summary>Relative luminance, 0 to 1 (WCAG 2.1).</summary>
    private double Luminance => 0.2126 * Linear(Red) + 0.7152 * Linear(Green) + 0.0722 * Linear(Blue);

    private static double Linear(byte value) => value <= 10 ? value / 255.0 / 12.92 : Math.Pow((value / 255.0 + 0.055) / 1.055, 2.4);
}

/// <summary>Colors that people with any kind of color vision tell apart (Okabe and Ito, "Color universal design", 2008), without black.</summary>
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

    /// <summary>The color of the i-th thing; after seven they come again.</summary>
    public static Rgb Color(int index) => Colors[index % Colors.Length];
}
