namespace VlmSharp.Imaging;

/// <summary>A picture in memory: 8 bits per channel, red, green, blue, row after row from the top left, no padding.</summary>
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

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The bytes R, G, B of each pixel, row-major.</summary>
    public byte[] Pixels { get; }

    /// <summary>The bytes of one row.</summary>
    /// <param name="y">The row, 0 at the top.</param>
    /// <returns>Width x 3 bytes.</returns>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * 3, Width * 3);

    /// <summary>
    /// The picture in another size, to the bit as Pillow's bicubic resize gives it (<c>image.resize((width, height), BICUBIC)</c>). The
    /// aspect ratio is not kept.
    /// </summary>
    /// <param name="width">Columns of the result, at least 1.</param>
    /// <param name="height">Rows of the result, at least 1.</param>
    /// <returns>A new picture, also when the size is the same.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1, or the result does not fit in one array.</exception>
    public RgbImage Resize(int width, int height) => BicubicResize.Resize(this, width, height);

    private static int ByteCount(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        long count = (long)width * height * 3;
        if (count > Array.MaxLength)
            throw new ArgumentOutOfRangeException(nameof(height), $"A picture of {width} x {height} does not fit in one array.");
        return (int)count;
    }
}
