using System.Buffers.Binary;

namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// The orientation that a camera stores beside the pixels: tag 0x0112 of the EXIF block (a TIFF directory, CIPA DC-008 section 4.6), or
/// <c>tiff:Orientation</c> of an XMP packet. A block that cannot be parsed counts as upright.
/// </summary>
internal static class ExifOrientation
{
    private const int OrientationTag = 0x0112;

    /// <summary>Reads the tag from a TIFF block ("II*..." or "MM.*...").</summary>
    /// <returns>1 to 8, or 0 if the block has no such tag.</returns>
    public static int FromTiff(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8)
            return 0;
        bool little = tiff[0] == 'I' && tiff[1] == 'I';
        if (!little && !(tiff[0] == 'M' && tiff[1] == 'M'))
            return 0;
        uint directory = ReadUInt32(tiff[4..], little);
        if (directory > tiff.Length - 2)
            return 0;
        int entries = ReadUInt16(tiff[(int)directory..], little);
        ReadOnlySpan<byte> rest = tiff[((int)directory + 2)..];
        for (int i = 0; i < entries && rest.Length >= 12; i++, rest = rest[12..])
        {
            if (ReadUInt16(rest, little) == OrientationTag && ReadUInt32(rest[4..], little) == 1)
                return Valid(ReadValue(rest[8..], ReadUInt16(rest[2..], little), little));
        }
        return 0;
    }

    /// <summary>Finds <c>tiff:Orientation</c>, as attribute or element, in an XMP packet.</summary>
    /// <returns>1 to 8, or 0 if the packet has none.</returns>
    public static int FromXmp(ReadOnlySpan<byte> xmp)
    {
        ReadOnlySpan<byte> key = "tiff:Orientation"u8;
        for (int at = xmp.IndexOf(key); at >= 0; at = xmp.IndexOf(key))
        {
            xmp = xmp[(at + key.Length)..];
            int skip = xmp.StartsWith("=\""u8) ? 2 : xmp.StartsWith(">"u8) ? 1 : 0;
            if (skip > 0 && xmp.Length > skip && xmp[skip] is >= (byte)'0' and <= (byte)'9')
                return Valid(xmp[skip] - (uint)'0');
        }
        return 0;
    }

    /// <summary>Whether columns become rows.</summary>
    public static bool SwapsAxes(int orientation) => orientation is >= 5 and <= 8;

    /// <summary>Whether the stored columns run from right to left or, if axes are swapped, from bottom to top.</summary>
    public static bool MirrorsColumns(int orientation) => orientation is 2 or 3 or 7 or 8;

    /// <summary>Whether the stored rows run from bottom to top or, if axes are swapped, from right to left.</summary>
    public static bool MirrorsRows(int orientation) => orientation is 3 or 4 or 6 or 7;

    /// <summary>The position of a stored row's pixels in the upright picture.</summary>
    /// <param name="orientation">2 to 8.</param>
    /// <param name="y">The stored row.</param>
    /// <param name="width">Stored columns.</param>
    /// <param name="height">Stored rows.</param>
    /// <returns>The index of the row's first pixel, and the step to the next one, both in pixels.</returns>
    public static (int Start, int Step) Place(int orientation, int y, int width, int height) => orientation switch
    {
        2 => (y * width + width - 1, -1),
        3 => ((height - 1 - y) * width + width - 1, -1),
        4 => ((height - 1 - y) * width, 1),
        5 => (y, height),
        6 => (height - 1 - y, height),
        7 => ((width - 1) * height + height - 1 - y, -height),
        _ => ((width - 1) * height + y, -height),
    };

    private static int Valid(uint value) => value is >= 1 and <= 8 ? (int)value : 0;

    // TIFF field types: 1 BYTE, 3 SHORT, 4 LONG; the value is at the start of the four-byte field.
    private static uint ReadValue(ReadOnlySpan<byte> field, int type, bool little) => type switch
    {
        1 => field[0],
        3 => (uint)ReadUInt16(field, little),
        4 => ReadUInt32(field, little),
        _ => 0,
    };

    private static int ReadUInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint ReadUInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
