namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>The transforms of a lossless picture (WebP lossless specification, section 4), by number in the file.</summary>
internal enum Vp8LTransformKind
{
    Predictor = 0,
    CrossColor = 1,
    SubtractGreen = 2,
    Palette = 3,
}

/// <summary>A transform of a lossless stream, to be undone.</summary>
/// <param name="Kind">Predictor, color, green or palette.</param>
/// <param name="Width">Pixels in a row before the transform.</param>
/// <param name="Bits">Log2 of the tile size or, for a palette, of the number of pixels packed into one.</param>
/// <param name="Data">Its image: ARGB for each tile, or the palette's colors.</param>
internal sealed record Vp8LTransform(Vp8LTransformKind Kind, int Width, int Bits, uint[] Data)
{
    /// <summary>Pixels in a row after the transform.</summary>
    public int PackedWidth => Kind == Vp8LTransformKind.Palette ? Tiles(Width, Bits) : Width;

    /// <summary>How many tiles of 2^bits cover a length.</summary>
    public static int Tiles(int length, int bits) => (length + (1 << bits) - 1) >> bits;

    /// <summary>Reads a transform and its image.</summary>
    public static Vp8LTransform Read(ref Vp8LBitReader reader, int width, int height)
    {
        var kind = (Vp8LTransformKind)reader.ReadBits(2);
        switch (kind)
        {
            case Vp8LTransformKind.SubtractGreen:
                return new Vp8LTransform(kind, width, 0, []);
            case Vp8LTransformKind.Palette:
                int colors = reader.ReadBits(8) + 1;
                int bits = colors > 16 ? 0 : colors > 4 ? 1 : colors > 2 ? 2 : 3;
                return new Vp8LTransform(kind, width, bits, Vp8LPalette.Expand(Vp8LImageStream.ReadAuxiliary(ref reader, colors, 1), bits));
            default:
                int tileBits = reader.ReadBits(3) + 2;
                uint[] data = Vp8LImageStream.ReadAuxiliary(ref reader, Tiles(width, tileBits), Tiles(height, tileBits));
                return new Vp8LTransform(kind, width, tileBits, data);
        }
    }

    /// <summary>Undoes the transform in place.</summary>
    /// <param name="pixels">ARGB: [height, <see cref="PackedWidth"/>] in its first part, then [height, <see cref="Width"/>].</param>
    public void Undo(Span<uint> pixels)
    {
        switch (Kind)
        {
            case Vp8LTransformKind.Predictor:
                Vp8LPredictor.Undo(this, pixels);
                break;
            case Vp8LTransformKind.CrossColor:
                Vp8LCrossColor.Undo(this, pixels);
                break;
            case Vp8LTransformKind.SubtractGreen:
                Vp8LCrossColor.AddGreen(pixels);
                break;
            default:
                Vp8LPalette.Undo(this, pixels);
                break;
        }
    }

    /// <summary>Adds two colors channel by channel, modulo 256.</summary>
    public static uint Add(uint a, uint b) =>
        ((a & 0xFF00FF00) + (b & 0xFF00FF00)) & 0xFF00FF00 | ((a & 0x00FF00FF) + (b & 0x00FF00FF)) & 0x00FF00FF;
}
