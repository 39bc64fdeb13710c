using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Gif;

/// <summary>
/// The first frame of a GIF (CompuServe, GIF89a), as Pillow shows it: on the logical screen, which grows if the frame extends beyond its
/// edge. Pixels outside the frame have the transparent index, or index 0 if there is none. Transparent pixels keep their color from the
/// palette, unless there is a background.
/// </summary>
internal sealed class GifDecoder : IImageDecoder
{
    public string Format => "GIF";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith("GIF87a"u8) || header.StartsWith("GIF89a"u8);

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        var reader = new GifReader(file, context);
        reader.Take(6);
        ReadOnlySpan<byte> screen = reader.Take(7);
        byte[]? palette = ReadPalette(ref reader, screen[4]);
        int transparent = -1;
        while (true)
        {
            switch (reader.Take(1)[0])
            {
                case (byte)',':
                    ReadFrame(ref reader, screen, palette, transparent, context, sink);
                    return;
                case (byte)'!':
                    ReadExtension(ref reader, ref transparent);
                    break;
                case (byte)';':
                    throw context.Damaged("it has no frame");
                default:
                    // Pillow also skips stray bytes between blocks.
                    break;
            }
        }
    }

    private static void ReadExtension(ref GifReader reader, ref int transparent)
    {
        const byte GraphicControl = 0xF9;
        byte label = reader.Take(1)[0];
        ReadOnlySpan<byte> block = reader.TakeSubBlock();
        if (label == GraphicControl && block.Length >= 4 && (block[0] & 1) != 0)
            transparent = block[3];
        while (!block.IsEmpty)
            block = reader.TakeSubBlock();
    }

    // Null for a palette that is the gray ramp 0, 1, 2...: then indices are gray levels, even those beyond its end.
    private static byte[]? ReadPalette(ref GifReader reader, byte flags)
    {
        if ((flags & 0x80) == 0)
            return null;
        ReadOnlySpan<byte> stored = reader.Take(3 << ((flags & 7) + 1));
        byte[] palette = GrayRamp.Of256();
        if (palette.AsSpan().StartsWith(stored))
            return null;
        stored.CopyTo(palette);
        return palette;
    }

    private static void ReadFrame(
        ref GifReader reader, ReadOnlySpan<byte> screen, byte[]? palette, int transparent, DecodeContext context, IRowSink sink)
    {
        ReadOnlySpan<byte> descriptor = reader.Take(9);
        int left = BinaryPrimitives.ReadUInt16LittleEndian(descriptor);
        int top = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[2..]);
        int width = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[4..]);
        int height = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[6..]);
        byte flags = descriptor[8];
        if ((flags & 0x80) != 0)
            palette = ReadPalette(ref reader, flags);
        context.CheckSize(width, height);
        int screenWidth = Math.Max(left + width, BinaryPrimitives.ReadUInt16LittleEndian(screen));
        int screenHeight = Math.Max(top + height, BinaryPrimitives.ReadUInt16LittleEndian(screen[2..]));
        context.CheckSize(screenWidth, screenHeight);

        byte[] colors = palette ?? GrayRamp.Of256();
        if (transparent >= 0)
            context.Background?.Under(colors.AsSpan(transparent * 3, 3), 0);
        int codeBits = reader.Take(1)[0];
        var lzw = new GifLzwReader(reader, codeBits, context);
        context.Begin(sink, screenWidth, screenHeight);
        byte[] interlaced = (flags & 0x40) != 0 ? ReadInterlaced(ref lzw, width, height, context) : [];
        var row = new byte[screenWidth * 3];
        var indices = new byte[width];
        for (int y = 0; y < screenHeight; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (y <= top || y == top + height)
                Fill(row, colors.AsSpan(Math.Max(transparent, 0) * 3, 3));
            if (y >= top && y < top + height)
            {
                if (interlaced.Length > 0)
                    interlaced.AsSpan((y - top) * width, width).CopyTo(indices);
                else
                    lzw.Read(indices);
                for (int x = 0; x < indices.Length; x++)
                    colors.AsSpan(indices[x] * 3, 3).CopyTo(row.AsSpan((left + x) * 3));
            }
            sink.Take(row);
        }
    }

    private static byte[] ReadInterlaced(ref GifLzwReader lzw, int width, int height, DecodeContext context)
    {
        context.Reserve((long)width * height);
        var indices = new byte[width * height]; // [height, width]
        for (int i = 0; i < height; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            lzw.Read(indices.AsSpan(InterlacedRow(i, height) * width, width));
        }
        return indices;
    }

    // GIF89a, appendix E: rows 0, 8, 16...; then 4, 12...; then 2, 6...; then 1, 3...
    private static int InterlacedRow(int i, int height)
    {
        int first = (height + 7) / 8, second = first + (height + 3) / 8, third = second + (height + 1) / 4;
        if (i < first)
            return i * 8;
        if (i < second)
            return (i - first) * 8 + 4;
        return i < third ? (i - second) * 4 + 2 : (i - third) * 2 + 1;
    }

    private static void Fill(Span<byte> row, ReadOnlySpan<byte> color)
    {
        for (int i = 0; i < row.Length; i += 3)
            color.CopyTo(row[i..]);
    }
}
