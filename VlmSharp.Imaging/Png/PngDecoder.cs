using System.Buffers.Binary;
using System.IO.Compression;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// PNG (ISO/IEC 15948): all color types, depths 1 to 16, the five row filters, Adam7, split IDAT. tRNS and gAMA do not
/// change the colors, as in Pillow. Checksums are verified up to the end of the pixel data; what follows is only searched
/// for an orientation.
/// </summary>
internal sealed class PngDecoder : IImageDecoder
{
    // Deflate cannot expand more than about 1032 to 1, so fewer compressed bytes than this cannot fill the picture.
    private const int MaxDeflateRatio = 1032;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> XmpKeyword => "XML:com.adobe.xmp\0"u8;

    public string Format => "PNG";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith(Signature);

    public Raster Decode(ReadOnlySpan<byte> file, DecodeContext context)
    {
        Chunks chunks = ReadChunks(file[Signature.Length..], context);
        PngHeader header = chunks.Header ?? throw context.Damaged("it has no IHDR chunk");
        if (header.Color == PngColor.Palette && chunks.Palette is null)
            throw context.Damaged("its palette (PLTE chunk) is missing");
        int orientation = chunks.ExifOrientation != 0 ? chunks.ExifOrientation : chunks.XmpOrientation;
        return context.Upright(ReadPixels(header, chunks, context), orientation);
    }

    private static Raster ReadPixels(PngHeader header, Chunks chunks, DecodeContext context)
    {
        byte[] compressed = Concatenate(chunks.Data);
        long rawBytes = (long)header.Height * header.RowBytes(header.Width);
        if (rawBytes > (compressed.Length + 64L) * MaxDeflateRatio)
            throw context.Truncated("its pixel data (IDAT)");
        var image = new Raster(header.Width, header.Height);
        using var inflated = new ZLibStream(new MemoryStream(compressed, writable: false), CompressionMode.Decompress);
        try
        {
            new PngRows(header, chunks.Palette ?? [], inflated, context).ReadInto(image);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // The stream is in memory: an IOException too is about its contents, such as a demand for a preset dictionary.
            throw context.Damaged("its pixel data (IDAT) is not valid zlib data", e);
        }
        return image;
    }

    private static Chunks ReadChunks(ReadOnlySpan<byte> rest, DecodeContext context)
    {
        var chunks = new Chunks();
        int position = 0;
        while (true)
        {
            bool pixelsDone = chunks.PixelsDone;
            if (rest.Length - position < 12)
                return pixelsDone || chunks.Data.Count > 0 && rest.Length == position ? chunks : throw context.Truncated("its chunks");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest[position..]);
            if (length > rest.Length - position - 12)
                return pixelsDone ? chunks : throw context.Truncated("a chunk");
            ReadOnlySpan<byte> tagged = rest.Slice(position + 4, (int)length + 4);
            uint expected = BinaryPrimitives.ReadUInt32BigEndian(rest[(position + 8 + (int)length)..]);
            if (Crc32.Of(tagged) != expected)
                return pixelsDone ? chunks : throw context.Damaged($"the checksum of its {ChunkName(tagged)} chunk is wrong");
            if (tagged.StartsWith("IEND"u8))
            {
                return chunks.Data.Count > 0 ? chunks : throw context.Damaged("it has no pixel data (IDAT)");
            }
            Take(chunks, tagged, context);
            position += (int)length + 12;
        }
    }

    private static void Take(Chunks chunks, ReadOnlySpan<byte> tagged, DecodeContext context)
    {
        ReadOnlySpan<byte> data = tagged[4..];
        if (tagged.StartsWith("IDAT"u8))
        {
            if (chunks.Header is null)
                throw context.Damaged("pixel data comes before the IHDR chunk");
            if (!chunks.PixelsDone)
                chunks.Data.Add(data.ToArray());
            return;
        }
        chunks.PixelsDone = chunks.Data.Count > 0;
        if (tagged.StartsWith("IHDR"u8))
            chunks.Header = chunks.Header is null ? PngHeader.Read(data, context) : throw context.Damaged("it has two IHDR chunks");
        else if (tagged.StartsWith("PLTE"u8) && !chunks.PixelsDone)
            chunks.Palette = data[..Math.Min(data.Length / 3 * 3, 768)].ToArray();
        else if (tagged.StartsWith("eXIf"u8))
            chunks.ExifOrientation = ExifOrientation.FromTiff(data);
        else if (tagged.StartsWith("iTXt"u8) && data.StartsWith(XmpKeyword))
            chunks.XmpOrientation = ExifOrientation.FromXmp(data);
    }

    private static string ChunkName(ReadOnlySpan<byte> tagged)
    {
        Span<char> name = stackalloc char[4];
        for (int i = 0; i < 4; i++)
            name[i] = char.IsAsciiLetter((char)tagged[i]) ? (char)tagged[i] : '?';
        return new string(name);
    }

    private static byte[] Concatenate(List<byte[]> parts)
    {
        if (parts.Count == 1)
            return parts[0];
        var all = new byte[parts.Sum(part => part.Length)];
        int position = 0;
        foreach (byte[] part in parts)
        {
            part.CopyTo(all, position);
            position += part.Length;
        }
        return all;
    }

    /// <summary>What is kept of the chunks.</summary>
    private sealed class Chunks
    {
        public PngHeader? Header { get; set; }

        public byte[]? Palette { get; set; }

        public List<byte[]> Data { get; } = [];

        /// <summary>Set by the first chunk after the IDAT run: pixel data must be consecutive.</summary>
        public bool PixelsDone { get; set; }

        public int ExifOrientation { get; set; }

        public int XmpOrientation { get; set; }
    }
}
