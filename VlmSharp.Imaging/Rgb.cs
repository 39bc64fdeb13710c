namespace VlmSharp.Imaging;

/// <summary>An sRGB color.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
public readonly record struct Rgb(byte Red, byte Green, byte Blue)
{
    internal static readonly Rgb Black = new(0, 0, 0), White = new(255, 255, 255);

    /// <summary>Black or white, whichever has more contrast with this color (WCAG 2.1, contrast ratio).</summary>
    internal Rgb Ink() => (Luminance + 0.05) * (Luminance + 0.05) > 0.05 * 1.05 ? Black : White;

    /// <summary>Relative luminance, 0 to 1 (WCAG 2.1).</summary>
    private double Luminance => 0.2126 * Linear(Red) + 0.7152 * Linear(Green) + 0.0722 * Linear(Blue);

    private static double Linear(byte value) => value <= 10 ? value / 255.0 / 12.92 : Math.Pow((value / 255.0 + 0.055) / 1.055, 2.4);
}
