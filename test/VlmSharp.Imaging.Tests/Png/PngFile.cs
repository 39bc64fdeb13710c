using System.Buffers.Binary;
using System.Text;
using VlmSharp.Imaging.Png;

namespace VlmSharp.Imaging.Tests.Png;

/// <summary>Puts PNG files together by hand.</summary>
internal static class PngFile
{
    /// <summary>Pixel data as IDAT holds it.</summary>
    /// <param name="rows">Each row after its filter's number.</param>
    public static byte[] Deflate(byte[] rows)
    {
        using var stream = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(stream, System.IO.Compression.CompressionLevel.Optimal))
            zlib.Write(rows);
        return stream.ToArray();
    }

    /// <summary>An RGB8 PNG with this pixel data, and other chunks before it.</summary>
    public static byte[] Of(int width, int height, byte[] data, params (string Type, byte[] Data)[] more)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        foreach ((string type, byte[] chunk) in (IEnumerable<(string, byte[])>)[("IHDR", header), .. more, ("IDAT", data), ("IEND", [])])
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, chunk.Length);
            stream.Write(number);
            byte[] tagged = [.. Encoding.ASCII.GetBytes(type), .. chunk];
            stream.Write(tagged);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(tagged));
            stream.Write(number);
        }
        return stream.ToArray();
    }
}
