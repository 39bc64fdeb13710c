using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// Turns the inflated bytes of a PNG into rows of pixels. It undoes the row filters (PNG specification, section 9) and reads the rows in
/// plain order or in the seven Adam7 passes (section 8.2). With Adam7 the whole picture must be assembled before its first row is known.
/// </summary>
/// <param name="header">The IHDR chunk.</param>
/// <param name="pixels">Turns samples into pixels.</param>
/// <param name="inflated">The decompressed pixel data.</param>
/// <param name="context">The errors to throw.</param>
internal sealed class PngRows(PngHeader header, PngPixels pixels, Stream inflated, DecodeContext context)
{
    private static ReadOnlySpan<byte> PassX => [0, 4, 0, 2, 0, 1, 0];

    private static ReadOnlySpan<byte> PassY => [0, 0, 4, 0, 2, 0, 1];

    private static ReadOnlySpan<byte> StepX => [8, 8, 4, 4, 2, 2, 1];

    private static ReadOnlySpan<byte> StepY => [8, 8, 8, 4, 4, 2, 2];

    /// <summary>Reads all rows.</summary>
    public void ReadInto(IRowSink sink)
    {
        int rowBytes = header.Width * 3;
        if (!header.Interlaced)
        {
            var row = new byte[rowBytes];
            ReadPass(0, 0, 1, 1, _ => row, sink);
            return;
        }
        context.Reserve((long)rowBytes * header.Height);
        var picture = new byte[rowBytes * header.Height];
        for (int pass = 0; pass < 7; pass++)
            ReadPass(PassX[pass], PassY[pass], StepX[pass], StepY[pass], y => picture.AsMemory(y * rowBytes, rowBytes), null);
        for (int y = 0; y < header.Height; y++)
            sink.Take(picture.AsSpan(y * rowBytes, rowBytes));
    }

    private void ReadPass(int firstX, int firstY, int stepX, int stepY, Func<int, Memory<byte>> place, IRowSink? sink)
    {
        int columns = (header.Width - firstX + stepX - 1) / stepX;
        if (columns <= 0)
            return;
        int rowBytes = header.RowBytes(columns);
        int pixelBytes = Math.Max(1, header.BitsPerPixel / 8);
        // Both rows begin with one pixel of zeros, which the filters use as the first pixel's left neighbor.
        var current = new byte[pixelBytes + rowBytes];
        var above = new byte[pixelBytes + rowBytes];
        Span<byte> filter = stackalloc byte[1];
        for (int y = firstY; y < header.Height; y += stepY)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ReadExactly(filter);
            ReadExactly(current.AsSpan(pixelBytes));
            Unfilter(filter[0], current, above, pixelBytes);
            Span<byte> row = place(y).Span;
            pixels.Write(current.AsSpan(pixelBytes), row, firstX, stepX);
            sink?.Take(row);
            (current, above) = (above, current);
        }
    }

    private void ReadExactly(Span<byte> destination)
    {
        if (inflated.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
            throw context.Truncated("its pixel data (IDAT)");
    }

    private void Unfilter(byte filter, Span<byte> row, ReadOnlySpan<byte> above, int pixelBytes)
    {
        above = above[..row.Length];
        switch (filter)
        {
            case 0:
                break;
            case 1: // Sub
                for (int i = pixelBytes; i < row.Length; i++)
                    row[i] += row[i - pixelBytes];
                break;
            case 2: // Up
                for (int i = pixelBytes; i < row.Length; i++)
                    row[i] += above[i];
                break;
            case 3: // Average
                for (int i = pixelBytes; i < row.Length; i++)
                    row[i] += (byte)((row[i - pixelBytes] + above[i]) >> 1);
                break;
            case 4: // Paeth
                for (int i = pixelBytes; i < row.Length; i++)
                    row[i] += Paeth(row[i - pixelBytes], above[i], above[i - pixelBytes]);
                break;
            default:
                throw context.Damaged($"row filter {filter} does not exist");
        }
    }

    /// <summary>The one of the three neighbors that is nearest to left + up - corner.</summary>
    public static byte Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - 2 * corner);
        return (byte)(toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner);
    }
}
