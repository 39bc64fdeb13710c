using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Stb;

/// <summary>
/// Truevision TGA: gray, RGB and palettes, plain and with run-length codes, top-down or bottom-up. The format has no signature, so a file
/// counts as TGA only if all fields of its 18-byte header are consistent. StbImageSharp decodes it. A palette that does not begin at 0,
/// which the library reads differently from Pillow, is refused. Columns from right to left, which the library ignores, are mirrored here.
/// </summary>
internal sealed class TgaDecoder : IImageDecoder
{
    private const int HeaderBytes = 18, MostRun = 128;
    private const int Palette = 1, Gray = 3, RunLengths = 8;

    public string Format => "TGA";

    public bool Recognizes(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderBytes)
            return false;
        int paletteKind = header[1], kind = header[2] & ~RunLengths, bits = header[16], descriptor = header[17];
        bool fits = kind switch
        {
            Palette => paletteKind == 1 && bits is 8 or 16 && header[7] is 15 or 16 or 24 or 32 && header[5] + header[6] > 0,
            2 => bits is 15 or 16 or 24 or 32,
            Gray => bits is 8 or 16,
            _ => false,
        };
        return fits && header[2] < 16 && (kind == Palette || paletteKind == 0 && header[3..8].IndexOfAnyExcept((byte)0) < 0)
            && (descriptor & 0xC0) == 0 && (descriptor & 15) is 0 or 1 or 8;
    }

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        int kind = file[2] & ~RunLengths, bits = file[16];
        int width = BinaryPrimitives.ReadUInt16LittleEndian(file[12..]), height = BinaryPrimitives.ReadUInt16LittleEndian(file[14..]);
        context.CheckSize(width, height);
        if (BinaryPrimitives.ReadUInt16LittleEndian(file[3..]) != 0)
            throw context.Unsupported("a palette that does not begin at index 0");
        int colors = HeaderBytes + file[0]; // where the palette begins
        int paletteColors = kind == Palette ? BinaryPrimitives.ReadUInt16LittleEndian(file[5..]) : 0;
        int paletteBytes = paletteColors * ((file[7] + 7) / 8);
        long pixels = (long)width * height, pixelBytes = (bits + 7) / 8;
        long needed = (file[2] & RunLengths) != 0 ? (pixels + MostRun - 1) / MostRun * (1 + pixelBytes) : pixels * pixelBytes;
        if (file.Length < colors + paletteBytes + needed)
            throw context.Truncated("its pixel data");
        // The library reads an index beyond the palette as 0, so it gets all 256 colors.
        bool isShort = kind == Palette && bits == 8 && paletteColors < 256;
        byte[] head = isShort ? WithWholePalette(file[..(colors + paletteBytes)], colors) : [];
        ReadOnlySpan<byte> rest = isShort ? file[(colors + paletteBytes)..] : file;
        StbPicture.Emit(StbPicture.Decode(head, rest, width, height, channels: 4, context), (file[17] & 0x10) != 0, context, sink);
    }

    // Everything before the pixels, with a palette of 256 colors of 24 or 32 bits. The colors that are missing are gray.
    private static byte[] WithWholePalette(ReadOnlySpan<byte> start, int colors)
    {
        int stored = start[7], storedBytes = (stored + 7) / 8, entry = stored == 32 ? 4 : 3;
        var head = new byte[colors + 256 * entry];
        start[..colors].CopyTo(head);
        (head[5], head[6], head[7]) = (0, 1, (byte)(8 * entry));
        for (int i = 0, from = colors; i < 256; i++, from += storedBytes)
        {
            Span<byte> color = head.AsSpan(colors + i * entry, entry);
            if (from >= start.Length)
            {
                color.Fill((byte)i);
                if (entry == 4)
                    color[3] = 255;
            }
            else if (storedBytes == 2)
            {
                int value = BinaryPrimitives.ReadUInt16LittleEndian(start[from..]);
                (color[0], color[1], color[2]) = (Of5Bits(value), Of5Bits(value >> 5), Of5Bits(value >> 10));
            }
            else
            {
                start.Slice(from, entry).CopyTo(color);
            }
        }
        return head;
    }

    private static byte Of5Bits(int value) => (byte)((value & 31) * 255 / 31);
}
