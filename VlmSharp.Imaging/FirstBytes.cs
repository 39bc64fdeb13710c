using System.Text.Unicode;
using VlmSharp.Imaging.Netpbm;

namespace VlmSharp.Imaging;

/// <summary>
/// Distinguishes a picture from a list of pictures where either may come. Signatures made of letters alone (BM, GIF89a, P6) can also begin
/// a path, so they count only if bytes follow that no path contains.
/// </summary>
internal static class FirstBytes
{
    /// <summary>The number of bytes that is enough to tell.</summary>
    public const int Enough = 64;

    private const int MostControls = 8; // one in so many bytes

    /// <summary>The kind of some content.</summary>
    /// <param name="head">Its first <see cref="Enough"/> bytes, or all of it.</param>
    public static FirstBytesKind KindOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])
            || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return FirstBytesKind.Text; // a byte order mark
        if (ArchiveOf(head) is not null) return FirstBytesKind.Archive;
        bool isKnown = ImageFile.FormatOf(head) is not null || ForeignFormats.NameOf(head) is not null;
        if (isKnown && (ControlsOf(head) > 0 || IsBinarySignature(head) || IsNetpbmHeader(head)
            || IsDocument(head))) return FirstBytesKind.Picture;
        // A path may contain a control character, or letters of any encoding, but hardly both, and hardly many.
        bool isBinary = ControlsOf(head) * MostControls > Math.Max(head.Length, 2 * MostControls)
            || (ControlsOf(head) > 0 && !IsUtf8(head));
        return isBinary ? FirstBytesKind.Binary : FirstBytesKind.Text;
    }

    /// <summary>Whether further bytes could change the answer.</summary>
    /// <param name="head">The bytes so far.</param>
    public static bool NeedsMore(ReadOnlySpan<byte> head) =>
        head.Length < Enough && (head.IndexOf((byte)'\n') < 0 || ControlsOf(head) > 0 || ImageFile.FormatOf(head) is not null);

    /// <summary>The name of an archive or compressed format; null for none.</summary>
    /// <param name="head">The first bytes.</param>
    public static string? ArchiveOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) return "gzip";
        if (head.StartsWith("PK\x03\x04"u8)) return "zip";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD])) return "zstd";
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0])) return "xz";
        return head.StartsWith("BZh"u8) && head.Length > 9 && head[4..].StartsWith("1AY&SY"u8) ? "bzip2" : null;
    }

    /// <summary>The number of control characters, which a line of text should not contain.</summary>
    private static int ControlsOf(ReadOnlySpan<byte> head)
    {
        int count = 0;
        foreach (byte b in head)
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r')) count++;
        return count;
    }

    // PNG and JPEG are recognized by their first byte.
    private static bool IsBinarySignature(ReadOnlySpan<byte> head) => head[0] is 0x89 or 0xFF;

    private static bool IsUtf8(ReadOnlySpan<byte> head)
    {
        for (int cut = 0; cut < 4 && cut < head.Length; cut++) // the last character may be cut off
            if (Utf8.IsValid(head[..^cut])) return true;
        return false;
    }

    /// <summary>P1 to P7, white space, and what the header of a picture goes on with, which no path does.</summary>
    private static bool IsNetpbmHeader(ReadOnlySpan<byte> head)
    {
        if (head.Length < 4 || head[0] != 'P' || head[1] is < (byte)'1' or > (byte)'7' || !NetpbmDecoder.IsSpace(head[2])) return false;
        ReadOnlySpan<byte> rest = head[3..];
        while (rest.Length > 0 && NetpbmDecoder.IsSpace(rest[0])) rest = rest[1..];
        if (rest.IsEmpty) return false;
        return rest[0] == '#' || char.IsAsciiDigit((char)rest[0]) || (head[1] == '7' && IsPamWord(rest));
    }

    private static bool IsPamWord(ReadOnlySpan<byte> rest) =>
        rest.StartsWith("WIDTH "u8) || rest.StartsWith("HEIGHT "u8) || rest.StartsWith("DEPTH "u8) || rest.StartsWith("MAXVAL "u8)
        || rest.StartsWith("TUPLTYPE "u8);

    /// <summary>Formats that begin with text.</summary>
    private static bool IsDocument(ReadOnlySpan<byte> head) => head.StartsWith("%PDF-"u8) || head.TrimStart(" \t\r\n"u8).StartsWith("<"u8);
}
