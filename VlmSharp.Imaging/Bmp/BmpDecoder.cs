using System.Buffers.Binary;
using System.Numerics;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Bmp;

/// <summary>
/// Windows and OS/2 bitmaps, with or without a file header (.bmp, .dib): 1, 4, 8, 16, 24 and 32 bits per pixel, color masks, run-length
/// codes (RLE4, RLE8), rows bottom-up or top-down. The fourth byte of 32-bit pixels is dropped.
/// </summary>
internal sealed class BmpDecoder : IImageDecoder
{
    public string Format => "BMP";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith("BM"u8) || BmpHeader.IsInfoHeader(header);

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        BmpHeader header = BmpHeader.Read(file, context);
        ReadOnlySpan<byte> data = file[header.PixelOffset..];
        if (header.Compression is BmpCompression.Rle4 or BmpCompression.Rle8)
        {
            ReadRuns(header, file, context, sink);
            return;
        }

        long rowBytes = ((long)header.Width * header.BitsPerPixel + 31) / 32 * 4;
        // The padding of the last row may be missing.
        long needed = rowBytes * (header.Height - 1) + ((long)header.Width * header.BitsPerPixel + 7) / 8;
        if (data.Length < needed)
            throw context.Truncated("its pixel data");
        byte[][] channels = header.BitsPerPixel is 16 or 32 ? BuildChannelTables(header, context) : [];
        context.Begin(sink, header.Width, header.Height);
        var row = new byte[header.Width * 3];
        for (int y = 0; y < header.Height; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> from = data[(int)((header.TopDown ? y : header.Height - 1 - y) * rowBytes)..];
            switch (header.BitsPerPixel)
            {
                case <= 8:
                    ReadIndexed(header, from, row);
                    break;
                case 24:
                    for (int x = 0; x < row.Length; x += 3)
                        (row[x], row[x + 1], row[x + 2]) = (from[x + 2], from[x + 1], from[x]);
                    break;
                default:
                    ReadMasked(header, channels, from, row, context.Background);
                    break;
            }
            sink.Take(row);
        }
    }

    private static void ReadIndexed(BmpHeader header, ReadOnlySpan<byte> from, Span<byte> row)
    {
        int depth = header.BitsPerPixel, mask = (1 << depth) - 1;
        for (int x = 0, bit = 0; x < row.Length; x += 3, bit += depth)
        {
            int index = (from[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
            header.Palette.AsSpan(index * 3, 3).CopyTo(row[x..]);
        }
    }

    private static void ReadMasked(BmpHeader header, byte[][] channels, ReadOnlySpan<byte> from, Span<byte> row, Background? background)
    {
        int pixelBytes = header.BitsPerPixel / 8;
        int redShift = BitOperations.TrailingZeroCount(header.Masks[0]);
        int greenShift = BitOperations.TrailingZeroCount(header.Masks[1]);
        int blueShift = BitOperations.TrailingZeroCount(header.Masks[2]);
        for (int x = 0; x < row.Length; x += 3, from = from[pixelBytes..])
        {
            uint pixel = pixelBytes == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(from) : BinaryPrimitives.ReadUInt32LittleEndian(from);
            row[x] = channels[0][(pixel & header.Masks[0]) >> redShift];
            row[x + 1] = channels[1][(pixel & header.Masks[1]) >> greenShift];
            row[x + 2] = channels[2][(pixel & header.Masks[2]) >> blueShift];
            // No known file has an alpha mask of other than 8 bits.
            if (background is not null && BitOperations.PopCount(header.AlphaMask) == 8)
                background.Under(row.Slice(x, 3), (byte)((pixel & header.AlphaMask) >> BitOperations.TrailingZeroCount(header.AlphaMask)));
        }
    }

    // For each channel, the byte of each value that fits its mask: value * 255 / maximum, rounded down as in Pillow.
    private static byte[][] BuildChannelTables(BmpHeader header, DecodeContext context)
    {
        var tables = new byte[3][];
        for (int channel = 0; channel < 3; channel++)
        {
            uint mask = header.Masks[channel];
            uint max = mask == 0 ? 0 : mask >> BitOperations.TrailingZeroCount(mask);
            if (max > 255 || (max & (max + 1)) != 0)
                throw context.Unsupported($"the color mask 0x{mask:X8}");
            tables[channel] = new byte[max + 1];
            for (uint value = 1; value <= max; value++)
                tables[channel][value] = (byte)(value * 255 / max);
        }
        return tables;
    }

    private static void ReadRuns(BmpHeader header, ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        // Runs are short: a picture of zeros is a few bytes. So the file need not have a minimum size.
        context.Begin(sink, header.Width, header.Height);
        context.Reserve((long)header.Width * header.Height);
        byte[] indices = BmpRuns.Read(file, header, context);
        var row = new byte[header.Width * 3];
        for (int y = 0; y < header.Height; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int at = (header.TopDown ? y : header.Height - 1 - y) * header.Width;
            for (int x = 0; x < header.Width; x++)
                header.Palette.AsSpan(indices[at + x] * 3, 3).CopyTo(row.AsSpan(x * 3));
            sink.Take(row);
        }
    }
}
