namespace VlmSharp.Imaging;

/// <summary>
/// Tells a picture from a list of pictures where either may come. Signatures made of letters alone (BM, GIF89a, P6) can begin a path too, so they
/// count where bytes follow that no path has.
/// </summary>
internal static class FirstBytes
{
    /// <summary>So many bytes are enough to tell.</summary>
    public const int Enough = 64;

    /// <summary>What something is.</summary>
    /// <param name="head">Its first <see cref="Enough"/> bytes, or all that it has.</param>
    public static FirstBytesKind KindOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])
            || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return FirstBytesKind.Text; // a byte order mark
        if (ArchiveOf(head) is not null) return FirstBytesKind.Archive;
        bool isKnown = ImageFile.FormatOf(head) is not null || ForeignFormats.NameOf(head) is not null;
        if (isKnown && (!IsText(head) || IsNetpbmHeader(head) || IsDocument(head))) return FirstBytesKind.Picture;
        return IsText(head) ? FirstBytesKind.Text : FirstBytesKind.Binary;
    }

    /// <summary>Whether further bytes could change the answer.</summary>
    /// <param name="head">The bytes so far.</param>
    public static bool NeedsMore(ReadOnlySpan<byte> head) =>
        head.Length < Enough && (head.IndexOf((byte)'\n') < 0 || !IsText(head) || ImageFile.FormatOf(head) is not null);

    /// <summary>The name of a packed format; null for none.</summary>
    /// <param name="head">The first bytes.</param>
    public static string? ArchiveOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) return "gzip";
        if (head.StartsWith("PK\x03\x04"u8)) return "zip";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD])) return "zstd";
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0])) return "xz";
        return head.StartsWith("BZh"u8) && head.Length > 9 && head[4..].StartsWith("1AY&SY"u8) ? "bzip2" : null;
    }

    // Bytes from 0x80 up may be letters of any encoding, except at the beginning of PNG and JPEG files, which say what they are.
    private static bool IsText(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89]) || head.StartsWith((ReadOnlySpan<byte>)[0xFF])) return false;
        foreach (byte b in head)
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r')) return false;
        return true;
    }

    /// <summary>P6, white space, and digits or a comment: the header of a picture, and no path.</summary>
    private static bool IsNetpbmHeader(ReadOnlySpan<byte> head) =>
        head.Length > 3 && head[0] == 'P' && head[1] is >= (byte)'1' and <= (byte)'6' && head[2] is (byte)'\n' or (byte)' ' or (byte)'\r'
        && (char.IsAsciiDigit((char)head[3]) || head[3] == '#');

    /// <summary>The formats whose beginning is text.</summary>
    private static bool IsDocument(ReadOnlySpan<byte> head) => head.StartsWith("%PDF-"u8) || head.TrimStart(" \t\r\n"u8).StartsWith("<"u8);
}
