namespace VlmSharp.Imaging;

/// <summary>The order of a pixel's channels in memory, one byte each, in the order of the name.</summary>
public enum PixelLayout
{
    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb24,

    /// <summary>Three bytes: blue, green, red.</summary>
    Bgr24,

    /// <summary>Four bytes: red, green, blue, alpha.</summary>
    Rgba32,

    /// <summary>Four bytes: blue, green, red, alpha.</summary>
    Bgra32,

    /// <summary>One byte: the value of all three channels.</summary>
    Gray8,
}
