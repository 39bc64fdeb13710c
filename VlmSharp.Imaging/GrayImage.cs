namespace VlmSharp.Imaging;

/// <summary>A picture of one channel in memory, for masks: 8 bits per pixel, row-major from the top left, no padding.</summary>
public sealed class GrayImage
{
    /// <summary>Creates a black picture.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    public GrayImage(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if ((long)width * height > Array.MaxLength)
            throw new ArgumentOutOfRangeException(nameof(height), $"A picture of {width} x {height} does not fit in one array.");
        (Width, Height, Pixels) = (width, height, new byte[width * height]);
    }

    /// <summary>Width in pixels: the bytes of a row.</summary>
    public int Width { get; }

    /// <summary>Height in pixels: the number of rows.</summary>
    public int Height { get; }

    /// <summary>The pixels, row-major.</summary>
    public byte[] Pixels { get; }

    /// <summary>The pixels of one row.</summary>
    /// <param name="y">The row, 0 at the top.</param>
    /// <returns>Width bytes.</returns>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width, Width);
}
