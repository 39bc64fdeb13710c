namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// The palette that holds where a file's own palette ends: index i has the gray level i, as in Pillow (Palette.c, ImagingPaletteNew).
/// </summary>
internal static class GrayRamp
{
    /// <summary>R, G and B of 256 colors.</summary>
    public static byte[] Of256()
    {
        var palette = new byte[768];
        for (int i = 0; i < palette.Length; i++)
            palette[i] = (byte)(i / 3);
        return palette;
    }
}
