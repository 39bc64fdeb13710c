using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Bmp;

/// <summary>How the pixels of a BMP are packed.</summary>
internal enum BmpCompression
{
    None = 0,
    Rle8 = 1,
    Rle4 = 2,
    BitFields = 3,
}

/// <summary>
/// The headers of a BMP, checked: BITMAPFILEHEADER, then BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER and its longer successors (40 to
/// 124 bytes), the color masks and the palette. A .dib file is the same without BITMAPFILEHEADER.
/// </summary>
internal sealed class BmpHeader
{
    private const int FileHeaderBytes = 14;

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Whether the first stored row is the top one.</summary>
    public bool TopDown { get; private set; }

    public int BitsPerPixel { get; private set; }

    public BmpCompression Compression { get; private set; }

    /// <summary>Where the pixels begin, from the start of the file.</summary>
    public int PixelOffset { get; private set; }

    /// <summary>Red, green and blue masks, for 16 and 32 bits per pixel.</summary>
    public uint[] Masks { get; private set; } = [];

    /// <summary>The alpha mask of 32-bit pixels; 0 if they have none.</summary>
    public uint AlphaMask { get; private set; }

    /// <summary>RGB of 256 colors; those that the file lacks are gray.</summary>
    public byte[] Palette { get; } = GrayRamp.Of256();

    /// <summary>Whether the bytes begin with a valid header size, as a file without BITMAPFILEHEADER does.</summary>
    public static bool IsInfoHeader(ReadOnlySpan<byte> header) =>
        header.Length >= 16 && IsSize(BinaryPrimitives.ReadUInt32LittleEndian(header));

    /// <summary>Reads the headers.</summary>
    public static BmpHeader Read(ReadOnlySpan<byte> file, DecodeContext context)
    {
        int start = file.StartsWith("BM"u8) ? FileHeaderBytes : 0;
        if (file.Length < start + 12)
            throw context.Truncated("its header");
        uint offset = start == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(file[start..]);
        if (!IsSize(size))
            throw context.Unsupported($"a header of {size} bytes");
        if (file.Length < start + size)
            throw context.Truncated("its header");
        var header = new BmpHeader();
        ReadOnlySpan<byte> info = file.Slice(start, (int)size);
        int colors = size == 12 ? header.ReadCore(info) : header.ReadInfo(info, context);
        context.CheckSize(header.Width, header.Height);
        header.CheckKind(context);
        int next = start + (int)size;
        header.ReadMasks(file, info, ref next, context);
        if (header.BitsPerPixel <= 8)
            header.ReadPalette(file, ref next, colors, entryBytes: size == 12 ? 3 : 4, context);
        // Some writers leave the offset 0, or do not count the palette in it; Pillow corrects both.
        bool palettePointed = header.BitsPerPixel <= 8 && offset == start + size;
        if (offset == 0 || palettePointed)
            offset = (uint)next;
        header.PixelOffset = offset <= file.Length ? (int)offset : throw context.Truncated("its header");
        return header;
    }

    private static bool IsSize(uint size) => size is 12 or 40 or 52 or 56 or 64 or 108 or 124;

    private int ReadCore(ReadOnlySpan<byte> info)
    {
        Width = BinaryPrimitives.ReadUInt16LittleEndian(info[4..]);
        Height = BinaryPrimitives.ReadUInt16LittleEndian(info[6..]);
        BitsPerPixel = BinaryPrimitives.ReadUInt16LittleEndian(info[10..]);
        return 0;
    }

    private int ReadInfo(ReadOnlySpan<byte> info, DecodeContext context)
    {
        Width = BinaryPrimitives.ReadInt32LittleEndian(info[4..]);
        int height = BinaryPrimitives.ReadInt32LittleEndian(info[8..]);
        TopDown = height < 0;
        Height = height == int.MinValue ? 0 : Math.Abs(height);
        BitsPerPixel = BinaryPrimitives.ReadUInt16LittleEndian(info[14..]);
        uint compression = BinaryPrimitives.ReadUInt32LittleEndian(info[16..]);
        Compression = compression switch
        {
            <= 3 => (BmpCompression)compression,
            4 => throw context.Unsupported("an embedded JPEG"),
            5 => throw context.Unsupported("an embedded PNG"),
            _ => throw context.Unsupported($"compression {compression}"),
        };
        uint colors = BinaryPrimitives.ReadUInt32LittleEndian(info[32..]);
        return colors <= 65536 ? (int)colors : throw context.Damaged($"its palette claims {colors} colors");
    }

    private void CheckKind(DecodeContext context)
    {
        bool known = Compression switch
        {
            BmpCompression.None => BitsPerPixel is 1 or 4 or 8 or 16 or 24 or 32,
            BmpCompression.Rle8 => BitsPerPixel == 8,
            BmpCompression.Rle4 => BitsPerPixel == 4,
            _ => BitsPerPixel is 16 or 24 or 32,
        };
        if (!known)
            throw context.Unsupported($"{BitsPerPixel} bits per pixel in compression {(int)Compression}");
    }

    private void ReadMasks(ReadOnlySpan<byte> file, ReadOnlySpan<byte> info, ref int next, DecodeContext context)
    {
        if (Compression != BmpCompression.BitFields)
        {
            Masks = BitsPerPixel == 16 ? [0x7C00, 0x03E0, 0x001F] : [0xFF0000, 0x00FF00, 0x0000FF];
            return;
        }
        // In headers of 52 bytes or more the masks are part of the header; otherwise they follow it.
        ReadOnlySpan<byte> masks = info.Length >= 52 ? info[40..] : file[next..];
        if (info.Length < 52)
            next += 12;
        if (masks.Length < 12)
            throw context.Truncated("its color masks");
        Masks =
        [
            BinaryPrimitives.ReadUInt32LittleEndian(masks),
            BinaryPrimitives.ReadUInt32LittleEndian(masks[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(masks[8..]),
        ];
        bool usual = Masks[0] == 0xFF0000 && Masks[1] == 0x00FF00 && Masks[2] == 0x0000FF;
        if (BitsPerPixel == 24 && !usual)
            throw context.Unsupported("color masks in 24 bits per pixel");
        if (BitsPerPixel == 32 && info.Length >= 56)
            AlphaMask = BinaryPrimitives.ReadUInt32LittleEndian(masks[12..]);
        if (BitsPerPixel == 32 && Masks[0] == 0 && Masks[1] == 0 && Masks[2] == 0)
            Masks = [0xFF0000, 0x00FF00, 0x0000FF];
    }

    private void ReadPalette(ReadOnlySpan<byte> file, ref int next, int colors, int entryBytes, DecodeContext context)
    {
        if (colors == 0)
            colors = 1 << BitsPerPixel;
        if (file.Length - next < (long)colors * entryBytes)
            throw context.Truncated("its palette");
        for (int i = 0; i < Math.Min(colors, 256); i++)
        {
            ReadOnlySpan<byte> entry = file[(next + i * entryBytes)..];
            Palette[i * 3] = entry[2];
            Palette[i * 3 + 1] = entry[1];
            Palette[i * 3 + 2] = entry[0];
        }
        next += colors * entryBytes;
    }
}
