namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// The color behind pixels that are not opaque, when the caller asks for one. The blend is that of Pillow's
/// <c>background.paste(image, mask=alpha)</c>: the division by 255 rounds to the nearest.
/// </summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
internal sealed record Background(byte Red, byte Green, byte Blue)
{
    /// <summary>Blends a pixel over the background, in place.</summary>
    /// <param name="pixel">R, G, B.</param>
    /// <param name="opacity">0 (transparent) to 255 (opaque).</param>
    public void Under(Span<byte> pixel, byte opacity)
    {
        if (opacity == 255)
            return;
        pixel[0] = Blend(pixel[0], Red, opacity);
        pixel[1] = Blend(pixel[1], Green, opacity);
        pixel[2] = Blend(pixel[2], Blue, opacity);
    }

    private static byte Blend(byte over, byte under, byte opacity)
    {
        int sum = over * opacity + under * (255 - opacity) + 128;
        return (byte)(((sum >> 8) + sum) >> 8);
    }
}
