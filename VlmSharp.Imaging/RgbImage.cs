namespace VlmSharp.Imaging;

/// <summary>A picture in memory: 8 bits per channel in the order red, green, blue, row-major from the top left, no padding.</summary>
public sealed class RgbImage
{
    /// <summary>Creates a black picture.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    public RgbImage(int width, int height) : this(width, height, new byte[ByteCount(width, height)]) { }

    /// <summary>Wraps existing pixels; the array is not copied.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">Exactly width x height x 3 bytes.</param>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        int expected = ByteCount(width, height);
        if (pixels.Length != expected)
            throw new ArgumentException($"A picture of {width} x {height} needs {expected} bytes, not {pixels.Length}.", nameof(pixels));
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Copies pixels from memory in any layout, such as a camera's or another library's.</summary>
    /// <param name="pixels">
    /// The rows from the top, [height, stride] bytes; the padding of the last row may be missing. Alpha is dropped and
    /// nothing is blended, as in Pillow's <c>convert("RGB")</c>.
    /// </param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The channels of a pixel.</param>
    /// <param name="stride">Bytes from the start of a row to the start of the next; when null, rows have no padding.</param>
    /// <returns>A new picture.</returns>
    /// <exception cref="ArgumentException">The number of bytes does not match the size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size, the layout or the stride is invalid.</exception>
    public static RgbImage FromPixels(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, int? stride = null)
    {
        (int red, int green, int blue, int pixelBytes) = layout switch
        {
            PixelLayout.Rgb24 => (0, 1, 2, 3),
            PixelLayout.Bgr24 => (2, 1, 0, 3),
            PixelLayout.Rgba32 => (0, 1, 2, 4),
            PixelLayout.Bgra32 => (2, 1, 0, 4),
            PixelLayout.Gray8 => (0, 0, 0, 1),
            _ => throw new ArgumentOutOfRangeException(nameof(layout), layout, "There is no such pixel layout."),
        };
        ByteCount(width, height); // refuses an invalid size before anything is computed from it
        long rowBytes = (long)width * pixelBytes, step = stride ?? rowBytes;
        if (step < rowBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(stride), stride, $"A row of {width} pixels in {layout} has {rowBytes} bytes, so the stride cannot be less.");
        }
        long least = step * (height - 1) + rowBytes, most = step * height;
        if (pixels.Length < least || pixels.Length > most)
        {
            throw new ArgumentException(
                $"A picture of {width} x {height} pixels in {layout} with rows of {step} bytes has "
                + $"{(least == most ? $"{most}" : $"{least} to {most}")} bytes, not {pixels.Length}.",
                nameof(pixels));
        }
        var image = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> from = pixels.Slice((int)(y * step), (int)rowBytes); // within the span, so within an int
            Span<byte> to = image.Row(y);
            if (layout == PixelLayout.Rgb24)
            {
                from.CopyTo(to);
                continue;
            }
            for (int x = 0, at = 0; x < to.Length; x += 3, at += pixelBytes)
                (to[x], to[x + 1], to[x + 2]) = (from[at + red], from[at + green], from[at + blue]);
        }
        return image;
    }

    /// <summary>Width in pixels; a row has three bytes for each.</summary>
    public int Width { get; }

    /// <summary>Height in pixels: the number of rows.</summary>
    public int Height { get; }

    /// <summary>The bytes R, G, B of each pixel, row-major.</summary>
    public byte[] Pixels { get; }

    /// <summary>The bytes of one row.</summary>
    /// <param name="y">The row, 0 at the top.</param>
    /// <returns>Width x 3 bytes.</returns>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * 3, Width * 3);

    /// <summary>
    /// The picture in another size, bit for bit as Pillow's bicubic resize (<c>image.resize((width, height), BICUBIC)</c>). The aspect
    /// ratio is not kept.
    /// </summary>
    /// <param name="width">Columns of the result, at least 1.</param>
    /// <param name="height">Rows of the result, at least 1.</param>
    /// <returns>A new picture, also when the size is the same.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1, or the result does not fit in one array.</exception>
    public RgbImage Resize(int width, int height) => BicubicResize.Resize(this, width, height);

    /// <summary>The bytes of a picture of this size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1, or the picture does not fit in one array.</exception>
    internal static int ByteCount(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if ((long)width * height > Array.MaxLength / 3)
            throw new ArgumentOutOfRangeException(nameof(height), $"A picture of {width} x {height} does not fit in one array.");
        return width * height * 3;
    }
}
