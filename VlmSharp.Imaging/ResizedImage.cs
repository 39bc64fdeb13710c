namespace VlmSharp.Imaging;

/// <summary>A picture that was resized while it was read.</summary>
/// <param name="Image">The picture in its new size.</param>
/// <param name="OriginalWidth">Columns before, upright.</param>
/// <param name="OriginalHeight">Rows before, upright.</param>
public sealed record ResizedImage(RgbImage Image, int OriginalWidth, int OriginalHeight);
