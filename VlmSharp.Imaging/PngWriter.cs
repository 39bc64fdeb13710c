using System.Buffers.Binary;
using System.IO.Compression;
using VlmSharp.Imaging.Png;

namespace VlmSharp.Imaging;

/// <summary>
/// Writes 8-bit RGB and gray PNG files (ISO/IEC 15948). Each row uses the filter among None, Sub, Up and Paeth that has the smallest sum of
/// absolute residuals, the usual heuristic of section 12.8.
/// </summary>
public static class PngWriter
{
    private static ReadOnlySpan<byte> CandidateFilters => [0, 1, 2, 4];

    /// <summary>Writes the picture to a stream.</summary>
    /// <param name="image">Written with 8 bits for each of red, green and blue.</param>
    /// <param name="stream">Where to write; left open.</param>
    public static void Write(RgbImage image, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(image);
        Write(image.Width, image.Height, PngColor.Rgb, image.Pixels, stream);
    }

    /// <summary>Writes a gray picture to a stream.</summary>
    /// <param name="image">Written with 8 bits a pixel.</param>
    /// <param name="stream">Where to write; left open.</param>
    public static void Write(GrayImage image, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(image);
        Write(image.Width, image.Height, PngColor.Gray, image.Pixels, stream);
    }

    /// <summary>Writes the picture to a file, replacing it when the picture is complete.</summary>
    /// <param name="image">Written with 8 bits for each of red, green and blue.</param>
    /// <param name="path">Its folder must exist.</param>
    public static void Save(RgbImage image, string path)
    {
        PartialFile.Write(path, stream => Write(image, stream));
    }

    /// <summary>Writes a gray picture to a file, replacing it when the picture is complete.</summary>
    /// <param name="image">Written with 8 bits a pixel.</param>
    /// <param name="path">Its folder must exist.</param>
    public static void Save(GrayImage image, string path)
    {
        PartialFile.Write(path, stream => Write(image, stream));
    }

    private static void Write(int width, int height, PngColor color, ReadOnlySpan<byte> pixels, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = (byte)color;
        header[10..].Clear();
        PngDataWriter.WriteChunk(stream, "IHDR"u8, header);
        using (var data = new PngDataWriter(stream)) Compress(pixels, height, pixels.Length / width / height, data);
        PngDataWriter.WriteChunk(stream, "IEND"u8, []);
    }

    private static void Compress(ReadOnlySpan<byte> pixels, int height, int bytesPerPixel, Stream compressed)
    {
        using var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true);
        int rowBytes = pixels.Length / height;
        ReadOnlySpan<byte> above = new byte[rowBytes];
        var candidate = new byte[rowBytes + 1];
        var best = new byte[rowBytes + 1];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = pixels.Slice(y * rowBytes, rowBytes);
            long bestCost = long.MaxValue;
            foreach (byte filter in CandidateFilters)
            {
                long cost = Filter(filter, row, above, bytesPerPixel, candidate);
                if (cost >= bestCost)
                    continue;
                bestCost = cost;
                (best, candidate) = (candidate, best);
            }
            zlib.Write(best);
            above = row;
        }
    }

    private static long Filter(byte filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int bytesPerPixel, Span<byte> output)
    {
        output[0] = filter;
        long cost = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int left = i >= bytesPerPixel ? row[i - bytesPerPixel] : 0;
            int predicted = filter switch
            {
                1 => left,
                2 => above[i],
                4 => PngRows.Paeth(left, above[i], i >= bytesPerPixel ? above[i - bytesPerPixel] : 0),
                _ => 0,
            };
            byte residue = (byte)(row[i] - predicted);
            output[i + 1] = residue;
            cost += Math.Abs((int)(sbyte)residue);
        }
        return cost;
    }
}
