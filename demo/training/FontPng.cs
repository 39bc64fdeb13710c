using System.Buffers.Binary;
using System.IO.Compression;

namespace VlmSharp.Scenes;

/// <summary>
/// The pictures inside the font, with their transparency, which VlmSharp.Imaging drops: PNG of 8 bits RGBA or with a palette, not
/// interlaced. The font holds no other kinds.
/// </summary>
internal static class FontPng
{
    private const int HeaderBytes = 8, ChunkBytes = 12;

    /// <summary>Decodes a picture.</summary>
    public static Sprite Decode(ReadOnlySpan<byte> png)
    {
        int width = 0, height = 0, depth = 0, color = 0;
        byte[] palette = [], alphas = [];
        var data = new MemoryStream();
        for (int at = HeaderBytes; at < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png[at..]);
            ReadOnlySpan<byte> kind = png.Slice(at + 4, 4), body = png.Slice(at + 8, length);
            if (kind.SequenceEqual("IHDR"u8))
                (width, height, depth, color) =
                    (BinaryPrimitives.ReadInt32BigEndian(body), BinaryPrimitives.ReadInt32BigEndian(body[4..]), body[8], body[9]);
            else if (kind.SequenceEqual("PLTE"u8)) palette = body.ToArray();
            else if (kind.SequenceEqual("tRNS"u8)) alphas = body.ToArray();
            else if (kind.SequenceEqual("IDAT"u8)) data.Write(body);
            at += length + ChunkBytes;
        }

        if (color is not (3 or 6) || (color == 6 && depth != 8))
            throw new InvalidDataException($"A picture in the font has color type {color} and {depth} bits: is it NotoColorEmoji.ttf?");
        byte[] rows = Unfilter(data, width, height, color == 6 ? 32 : depth);
        var sprite = new Sprite(width, height, new float[width * height * 4]);
        int rowBytes = rows.Length / height;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<byte> row = rows.AsSpan(y * rowBytes, rowBytes);
                (byte r, byte g, byte b, byte a) = color == 6
                    ? (row[4 * x], row[4 * x + 1], row[4 * x + 2], row[4 * x + 3])
                    : Entry(row[x * depth / 8] >> (8 - depth - x * depth % 8) & ((1 << depth) - 1));
                float alpha = a / 255f;
                int to = (y * width + x) * 4;
                (sprite.Pixels[to], sprite.Pixels[to + 1], sprite.Pixels[to + 2], sprite.Pixels[to + 3]) =
                    (r / 255f * alpha, g / 255f * alpha, b / 255f * alpha, alpha);
            }

        return sprite;

        (byte, byte, byte, byte) Entry(int i) =>
            (palette[3 * i], palette[3 * i + 1], palette[3 * i + 2], i < alphas.Length ? alphas[i] : (byte)255);
    }

    /// <summary>The rows without their filters (PNG specification, section 9).</summary>
    private static byte[] Unfilter(MemoryStream data, int width, int height, int bits)
    {
        int rowBytes = (width * bits + 7) / 8, step = Math.Max(1, bits / 8);
        var rows = new byte[height * rowBytes];
        data.Position = 0;
        using var inflated = new ZLibStream(data, CompressionMode.Decompress);
        for (int y = 0; y < height; y++)
        {
            int filter = inflated.ReadByte();
            Span<byte> row = rows.AsSpan(y * rowBytes, rowBytes);
            inflated.ReadExactly(row);
            for (int x = 0; x < rowBytes; x++)
            {
                int left = x >= step ? row[x - step] : 0,
                    up = y > 0 ? rows[(y - 1) * rowBytes + x] : 0,
                    corner = x >= step && y > 0 ? rows[(y - 1) * rowBytes + x - step] : 0;
                row[x] += (byte)(filter switch { 1 => left, 2 => up, 3 => (left + up) / 2, 4 => Paeth(left, up, corner), _ => 0 });
            }
        }

        return rows;
    }

    private static int Paeth(int left, int up, int corner)
    {
        int guess = left + up - corner, a = Math.Abs(guess - left), b = Math.Abs(guess - up), c = Math.Abs(guess - corner);
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }
}
