using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// The chunks of a PNG (PNG specification, section 5.3). As in Pillow, checksums are verified only for the chunks before the pixel data.
/// Those of IDAT, IEND and later chunks are ignored, because the pixels have a checksum of their own.
/// </summary>
internal sealed class PngChunks
{
    private const int FrameBytes = 12; // length, name and checksum

    private int exifOrientation;
    private int profileOrientation;
    private int xmpOrientation;

    private PngChunks() { }

    public PngHeader? Header { get; private set; }

    public byte[]? Palette { get; private set; }

    /// <summary>The tRNS chunk, or nothing.</summary>
    public byte[] Transparency { get; private set; } = [];

    /// <summary>Where the pixel data is in the file.</summary>
    public List<(int Start, int Length)> Data { get; } = [];

    /// <summary>The bytes of the pixel data.</summary>
    public long DataBytes { get; private set; }

    /// <summary>The orientation from EXIF, from EXIF stored as text by older programs, or else from XMP; 0 if none.</summary>
    public int Orientation => exifOrientation != 0 ? exifOrientation : profileOrientation != 0 ? profileOrientation : xmpOrientation;

    // Set by the first chunk after the IDAT run: pixel data must be consecutive.
    private bool PixelsDone { get; set; }

    /// <summary>Reads all chunks.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Where the first chunk begins.</param>
    /// <param name="context">The errors to throw.</param>
    public static PngChunks Read(ReadOnlySpan<byte> file, int position, DecodeContext context)
    {
        var chunks = new PngChunks();
        while (true)
        {
            ReadOnlySpan<byte> rest = file[position..];
            bool hasPixels = chunks.Data.Count > 0;
            if (rest.Length < FrameBytes)
                return chunks.PixelsDone || hasPixels && rest.IsEmpty ? chunks : throw context.Truncated("its chunks");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - FrameBytes)
                return chunks.PixelsDone ? chunks : throw context.Truncated("a chunk");
            ReadOnlySpan<byte> tagged = rest.Slice(4, (int)length + 4);
            if (tagged.StartsWith("IEND"u8))
                return hasPixels ? chunks : throw context.Damaged("it has no pixel data (IDAT)");
            uint checksum = BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]);
            if (!hasPixels && !tagged.StartsWith("IDAT"u8) && Crc32.Of(tagged) != checksum)
                throw context.Damaged($"the checksum of its {Name(tagged)} chunk is wrong");
            chunks.Take(tagged, position + 8, context);
            position += (int)length + FrameBytes;
        }
    }

    private void Take(ReadOnlySpan<byte> tagged, int start, DecodeContext context)
    {
        ReadOnlySpan<byte> data = tagged[4..];
        if (tagged.StartsWith("IDAT"u8))
        {
            if (Header is null)
                throw context.Damaged("pixel data comes before the IHDR chunk");
            if (PixelsDone)
                return;
            Data.Add((start, data.Length));
            DataBytes += data.Length;
            return;
        }
        PixelsDone = Data.Count > 0;
        if (tagged.StartsWith("IHDR"u8))
            Header = Header is null ? PngHeader.Read(data, context) : throw context.Damaged("it has two IHDR chunks");
        else if (tagged.StartsWith("PLTE"u8) && !PixelsDone)
            Palette = data[..Math.Min(data.Length / 3 * 3, 768)].ToArray();
        else if (tagged.StartsWith("tRNS"u8) && !PixelsDone)
            Transparency = data[..Math.Min(data.Length, 256)].ToArray();
        else if (tagged.StartsWith("eXIf"u8))
            exifOrientation = ExifOrientation.FromTiff(data);
        else
            TakeText(tagged, data);
    }

    private void TakeText(ReadOnlySpan<byte> tagged, ReadOnlySpan<byte> data)
    {
        if (tagged.StartsWith("iTXt"u8) && data.StartsWith("XML:com.adobe.xmp\0"u8))
            xmpOrientation = ExifOrientation.FromXmp(data);
        else if (PngText.ExifProfile(tagged, data) is { } profile)
            profileOrientation = ExifOrientation.FromTiff(profile);
    }

    private static string Name(ReadOnlySpan<byte> tagged)
    {
        Span<char> name = stackalloc char[4];
        for (int i = 0; i < 4; i++)
            name[i] = char.IsAsciiLetter((char)tagged[i]) ? (char)tagged[i] : '?';
        return new string(name);
    }
}
