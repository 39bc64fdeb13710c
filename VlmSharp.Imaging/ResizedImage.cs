namespace VlmSharp.Imaging;

/// <summary>A picture that was resized while it was read.</summary>
/// <param name="Image">The resized picture.</param>
/// <param name="OriginalWidth">Columns of the original, upright.</param>
/// <param name="OriginalHeight">Rows of the original, upright.</param>
public sealed record ResizedImage(RgbImage Image, int OriginalWidth, int OriginalHeight);
