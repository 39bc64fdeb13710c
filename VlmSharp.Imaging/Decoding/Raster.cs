namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// The pixels that a decoder fills, black at first. The caller makes an <c>RgbImage</c> of the same array: decoders do not know
/// the types that users see, so that these may know the decoders.
/// </summary>
/// <param name="width">Columns, checked by <see cref="DecodeContext.CheckSize"/>.</param>
/// <param name="height">Rows, checked too.</param>
internal sealed class Raster(int width, int height)
{
    /// <summary>Columns.</summary>
    public int Width => width;

    /// <summary>Rows.</summary>
    public int Height => height;

    /// <summary>[height, width, 3]: the bytes R, G, B of each pixel.</summary>
    public byte[] Pixels { get; } = new byte[checked(width * height * 3)];

    /// <summary>The bytes of one row.</summary>
    /// <param name="y">The row, 0 at the top.</param>
    /// <returns>Width x 3 bytes.</returns>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * width * 3, width * 3);
}
