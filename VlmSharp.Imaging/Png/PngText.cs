using System.IO.Compression;
using System.Text.Unicode;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// The EXIF block that programs stored as text before PNG had a chunk for it. After "Raw profile type exif" come a line feed, the profile's
/// name, its length, and its bytes in hexadecimal, in lines (ImageMagick's form).
/// </summary>
internal static class PngText
{
    // An EXIF block has at most 64 KiB. The text has two digits per byte and a few line feeds.
    private const int MostCharacters = 1 << 18;

    private static ReadOnlySpan<byte> Keyword => "Raw profile type exif\0"u8;

    private static ReadOnlySpan<byte> Prefix => "Exif\0\0"u8;

    /// <summary>The TIFF block of a text chunk; null if the chunk holds none, or a damaged one.</summary>
    /// <param name="tagged">The chunk with its name.</param>
    /// <param name="data">The chunk without its name.</param>
    public static byte[]? ExifProfile(ReadOnlySpan<byte> tagged, ReadOnlySpan<byte> data)
    {
        if (!data.StartsWith(Keyword))
            return null;
        ReadOnlySpan<byte> text = data[Keyword.Length..];
        if (tagged.StartsWith("tEXt"u8))
            return Bytes(text);
        if (tagged.StartsWith("zTXt"u8) && text.Length > 1)
            return Bytes(Inflate(text[1..])); // skips the compression method; only one is defined
        return tagged.StartsWith("iTXt"u8) ? BytesOfInternational(text) : null;
    }

    // A flag for compression, its method, two texts (language, translated keyword) that end in zero, and the text (section 11.3.3.4).
    private static byte[]? BytesOfInternational(ReadOnlySpan<byte> data)
    {
        if (data.Length < 2 || data[0] != 0 && data[1] != 0)
            return null;
        bool isDeflated = data[0] != 0;
        ReadOnlySpan<byte> text = data[2..];
        for (int i = 0; i < 2; i++)
        {
            int end = text.IndexOf((byte)0);
            if (end < 0 || !Utf8.IsValid(text[..end]))
                return null;
            text = text[(end + 1)..];
        }
        return Bytes(isDeflated ? Inflate(text) : text);
    }

    private static byte[]? Bytes(ReadOnlySpan<byte> text)
    {
        for (int line = 0; line < 3; line++)
        {
            int end = text.IndexOf((byte)'\n');
            if (end < 0)
                return null;
            text = text[(end + 1)..];
        }
        var digits = new List<byte>(Math.Min(text.Length, MostCharacters));
        foreach (byte c in text[..Math.Min(text.Length, MostCharacters)])
        {
            if (char.IsAsciiHexDigit((char)c))
                digits.Add(c);
            else if (c is not ((byte)'\n' or (byte)' ' or (byte)'\r' or (byte)'\t'))
                return null;
        }
        if (digits.Count % 2 != 0)
            return null;
        byte[] bytes = Convert.FromHexString(System.Text.Encoding.ASCII.GetString([.. digits]));
        return bytes.AsSpan().StartsWith(Prefix) ? bytes[Prefix.Length..] : bytes;
    }

    private static byte[] Inflate(ReadOnlySpan<byte> compressed)
    {
        var text = new byte[MostCharacters];
        try
        {
            using var stream = new ZLibStream(new MemoryStream(compressed.ToArray(), writable: false), CompressionMode.Decompress);
            int count = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return text[..count];
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return [];
        }
    }
}
