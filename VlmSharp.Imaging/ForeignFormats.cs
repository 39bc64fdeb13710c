using VlmSharp.Imaging.Netpbm;

namespace VlmSharp.Imaging;

/// <summary>Formats that are recognized by their first bytes only to be refused by name.</summary>
internal static class ForeignFormats
{
    /// <summary>The format's name; null if the bytes are of no known kind.</summary>
    public static string? NameOf(ReadOnlySpan<byte> bytes)
    {
        if (At(bytes, 4, "ftyp"u8))
            return IsoMediaBrand(bytes);
        if (bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8) || bytes.StartsWith("II+\0"u8) || bytes.StartsWith("MM\0+"u8))
            return "TIFF";
        if (At(bytes, 4, "jP  "u8) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]))
            return "JPEG 2000";
        if (At(bytes, 4, "JXL "u8) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]))
            return "JPEG XL";
        if (IsIcon(bytes))
            return "Windows icon";
        if (bytes.StartsWith("P7"u8) && bytes.Length > 2 && NetpbmDecoder.IsSpace(bytes[2]))
            return "PAM";
        if (bytes.StartsWith("PF"u8) || bytes.StartsWith("Pf"u8))
            return "PFM (floating-point)";
        if (bytes.StartsWith("qoif"u8))
            return "QOI";
        if (bytes.StartsWith("%PDF"u8))
            return "PDF";
        if (bytes.StartsWith("DDS "u8))
            return "DDS";
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x76, 0x2F, 0x31, 0x01]))
            return "OpenEXR";
        ReadOnlySpan<byte> start = bytes[..Math.Min(bytes.Length, 1024)];
        return start.IndexOf("<svg"u8) >= 0 ? "SVG" : null;
    }

    private static string IsoMediaBrand(ReadOnlySpan<byte> bytes)
    {
        if (At(bytes, 8, "avif"u8) || At(bytes, 8, "avis"u8))
            return "AVIF";
        if (At(bytes, 8, "hei"u8) || At(bytes, 8, "hev"u8) || At(bytes, 8, "mif1"u8) || At(bytes, 8, "msf1"u8))
            return "HEIC";
        return "ISO media (video)";
    }

    // A reserved 0, the type (1 for an icon, 2 for a cursor), and the number of pictures, at least one.
    private static bool IsIcon(ReadOnlySpan<byte> bytes) =>
        bytes is [0, 0, 1 or 2, 0, var low, var high, ..] && (low | high) != 0;

    private static bool At(ReadOnlySpan<byte> bytes, int offset, ReadOnlySpan<byte> signature) =>
        bytes.Length > offset && bytes[offset..].StartsWith(signature);
}
