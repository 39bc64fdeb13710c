using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>How PNG stores a pixel (PNG specification, section 11.2.1).</summary>
internal enum PngColor
{
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    RgbAlpha = 6,
}

/// <summary>The IHDR chunk, checked.</summary>
internal sealed class PngHeader
{
    private PngHeader(int width, int height, int depth, PngColor color, bool interlaced) =>
        (Width, Height, Depth, Color, Interlaced) = (width, height, depth, color, interlaced);

    public int Width { get; }

    public int Height { get; }

    /// <summary>Bits per sample: 1, 2, 4, 8 or 16.</summary>
    public int Depth { get; }

    public PngColor Color { get; }

    /// <summary>Whether the rows come in the seven passes of Adam7.</summary>
    public bool Interlaced { get; }

    /// <summary>Samples per pixel.</summary>
    public int Channels => Color switch
    {
        PngColor.Rgb => 3,
        PngColor.GrayAlpha => 2,
        PngColor.RgbAlpha => 4,
        _ => 1,
    };

    public int BitsPerPixel => Channels * Depth;

    /// <summary>The bytes of a row of that many pixels, without the filter byte.</summary>
    public int RowBytes(int pixels) => (int)(((long)pixels * BitsPerPixel + 7) / 8);

    /// <summary>Reads the 13 bytes of IHDR.</summary>
    public static PngHeader Read(ReadOnlySpan<byte> chunk, DecodeContext context)
    {
        if (chunk.Length < 13)
            throw context.Damaged("its IHDR chunk is too short");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(chunk);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(chunk[4..]);
        int depth = chunk[8], color = chunk[9];
        bool known = color switch
        {
            (int)PngColor.Gray => depth is 1 or 2 or 4 or 8 or 16,
            (int)PngColor.Palette => depth is 1 or 2 or 4 or 8,
            (int)PngColor.Rgb or (int)PngColor.GrayAlpha or (int)PngColor.RgbAlpha => depth is 8 or 16,
            _ => false,
        };
        if (!known)
            throw context.Damaged($"color type {color} with {depth} bits does not exist");
        if (chunk[10] != 0 || chunk[11] != 0 || chunk[12] > 1)
            throw context.Damaged("its compression, filter or interlace method does not exist");
        context.CheckSize(width, height);
        return new PngHeader((int)width, (int)height, depth, (PngColor)color, chunk[12] == 1);
    }
}
