using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// Turns the inflated bytes of a PNG into pixels: undoes the row filters (PNG specification, section 9), takes the rows of
/// the plain order or of the seven Adam7 passes (section 8.2), and converts samples to RGB as Pillow does: 16-bit color
/// keeps its high byte, 16-bit gray saturates at 255, palette entries that are missing are black.
/// </summary>
/// <param name="header">The IHDR chunk.</param>
/// <param name="palette">The PLTE chunk, or nothing.</param>
/// <param name="inflated">The decompressed pixel data.</param>
/// <param name="context">Words for errors.</param>
internal sealed class PngRows(PngHeader header, byte[] palette, Stream inflated, DecodeContext context)
{
    private static ReadOnlySpan<byte> PassX => [0, 4, 0, 2, 0, 1, 0];

    private static ReadOnlySpan<byte> PassY => [0, 0, 4, 0, 2, 0, 1];

    private static ReadOnlySpan<byte> StepX => [8, 8, 4, 4, 2, 2, 1];

    private static ReadOnlySpan<byte> StepY => [8, 8, 8, 4, 4, 2, 2];

    // RGB of each sample value, for depths of at most 8 with one channel.
    private readonly byte[] lookup = BuildLookup(header, palette);

    /// <summary>Reads all rows.</summary>
    public void ReadInto(Raster image)
    {
        if (!header.Interlaced)
        {
            ReadPass(image, 0, 0, 1, 1);
            return;
        }
        for (int pass = 0; pass < 7; pass++)
            ReadPass(image, PassX[pass], PassY[pass], StepX[pass], StepY[pass]);
    }

    private void ReadPass(Raster image, int firstX, int firstY, int stepX, int stepY)
    {
        int columns = (image.Width - firstX + stepX - 1) / stepX;
        if (columns <= 0)
            return;
        int rowBytes = header.RowBytes(columns);
        int pixelBytes = Math.Max(1, header.BitsPerPixel / 8);
        // Both rows begin with one pixel of zeros, the filters' left neighbor of the first pixel.
        var current = new byte[pixelBytes + rowBytes];
        var above = new byte[pixelBytes + rowBytes];
        Span<byte> filter = stackalloc byte[1];
        for (int y = firstY; y < image.Height; y += stepY)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ReadExactly(filter);
            ReadExactly(current.AsSpan(pixelBytes));
            Unfilter(filter[0], current, above, pixelBytes);
            WritePixels(current.AsSpan(pixelBytes), image.Row(y), firstX, stepX);
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

    /// <summary>Of the three neighbors, the one nearest to left + up - corner.</summary>
    public static byte Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - 2 * corner);
        return (byte)(toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner);
    }

    private void WritePixels(ReadOnlySpan<byte> samples, Span<byte> row, int firstX, int stepX)
    {
        int stride = stepX * 3;
        if (header.Channels == 1 && header.Depth <= 8)
        {
            WriteLookedUp(samples, row, firstX * 3, stride);
            return;
        }
        int sampleBytes = header.Depth / 8;
        int pixelBytes = header.Channels * sampleBytes;
        if (header.Color == PngColor.Rgb && header.Depth == 8 && stepX == 1)
        {
            samples.CopyTo(row);
            return;
        }
        bool saturates = header.Color == PngColor.Gray;
        int green = header.Channels >= 3 ? sampleBytes : 0;
        for (int from = 0, to = firstX * 3; to < row.Length; from += pixelBytes, to += stride)
        {
            // Only 16-bit gray arrives here with one channel.
            byte red = saturates && samples[from] != 0 ? (byte)255 : samples[from + (saturates ? 1 : 0)];
            row[to] = red;
            row[to + 1] = green == 0 ? red : samples[from + green];
            row[to + 2] = green == 0 ? red : samples[from + 2 * green];
        }
    }

    private void WriteLookedUp(ReadOnlySpan<byte> samples, Span<byte> row, int to, int stride)
    {
        int depth = header.Depth, mask = (1 << depth) - 1;
        for (int bit = 0; to < row.Length; bit += depth, to += stride)
        {
            int value = (samples[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
            row[to] = lookup[value * 3];
            row[to + 1] = lookup[value * 3 + 1];
            row[to + 2] = lookup[value * 3 + 2];
        }
    }

    private static byte[] BuildLookup(PngHeader header, byte[] palette)
    {
        var lookup = new byte[768];
        if (header.Color == PngColor.Palette)
        {
            palette.CopyTo(lookup, 0);
        }
        else if (header.Color == PngColor.Gray && header.Depth <= 8)
        {
            int max = (1 << header.Depth) - 1;
            for (int value = 0; value <= max; value++)
                lookup.AsSpan(value * 3, 3).Fill((byte)(value * 255 / max));
        }
        return lookup;
    }
}
