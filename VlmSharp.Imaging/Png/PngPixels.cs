using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// Converts samples to RGB as Pillow does: 16-bit color keeps its high byte, 16-bit gray saturates at 255, indices beyond the
/// palette are gray levels, and alpha is ignored. With a background, pixels are blended over it by their opacity: the alpha channel, or
/// tRNS (PNG specification, section 11.3.2.1).
/// </summary>
internal sealed class PngPixels
{
    private readonly PngHeader header;
    private readonly byte[] lookup;     // RGB of each sample value, for depths of at most 8 with one channel
    private readonly byte[] opacities;  // the opacity of each; empty if all are opaque
    private readonly byte[] clearColor; // the samples, 16 bits each, that tRNS makes transparent; empty if none
    private readonly Background? background;

    /// <summary>Prepares the tables.</summary>
    public PngPixels(PngHeader header, PngChunks chunks, DecodeContext context)
    {
        this.header = header;
        background = context.Background;
        lookup = BuildLookup(header, chunks.Palette ?? []);
        byte[] transparency = background is null ? [] : chunks.Transparency;
        bool alphaChannel = header.Color is PngColor.GrayAlpha or PngColor.RgbAlpha;
        clearColor = !alphaChannel && header.Color != PngColor.Palette && transparency.Length >= 2 * header.Channels
            ? transparency[..(2 * header.Channels)]
            : [];
        opacities = BuildOpacities(header, transparency, clearColor);
    }

    /// <summary>Writes a row, or every n-th pixel of one.</summary>
    /// <param name="samples">The row as it is stored, without its filter.</param>
    /// <param name="row">Receives R, G and B.</param>
    /// <param name="firstX">The first column.</param>
    /// <param name="stepX">The distance from one column to the next.</param>
    public void Write(ReadOnlySpan<byte> samples, Span<byte> row, int firstX, int stepX)
    {
        int stride = stepX * 3;
        if (header.Channels == 1 && header.Depth <= 8)
        {
            WriteLookedUp(samples, row, firstX * 3, stride);
            return;
        }
        int sampleBytes = header.Depth / 8;
        int pixelBytes = header.Channels * sampleBytes;
        if (header.Color == PngColor.Rgb && header.Depth == 8 && stepX == 1 && clearColor.Length == 0)
        {
            samples.CopyTo(row);
            return;
        }
        bool saturates = header.Color == PngColor.Gray;
        int green = header.Channels >= 3 ? sampleBytes : 0;
        for (int from = 0, to = firstX * 3; to < row.Length; from += pixelBytes, to += stride)
        {
            // Only 16-bit gray reaches this line with one channel.
            byte red = saturates && samples[from] != 0 ? (byte)255 : samples[from + (saturates ? 1 : 0)];
            row[to] = red;
            row[to + 1] = green == 0 ? red : samples[from + green];
            row[to + 2] = green == 0 ? red : samples[from + 2 * green];
            background?.Under(row.Slice(to, 3), Opacity(samples.Slice(from, pixelBytes), sampleBytes));
        }
    }

    private byte Opacity(ReadOnlySpan<byte> pixel, int sampleBytes)
    {
        if (header.Color is PngColor.GrayAlpha or PngColor.RgbAlpha)
            return pixel[^sampleBytes]; // the high byte of 16 bits, as for colors
        if (clearColor.Length == 0)
            return 255;
        for (int i = 0; i < header.Channels; i++)
        {
            int sample = sampleBytes == 1 ? pixel[i] : BinaryPrimitives.ReadUInt16BigEndian(pixel[(2 * i)..]);
            if (sample != BinaryPrimitives.ReadUInt16BigEndian(clearColor.AsSpan(2 * i)))
                return 255;
        }
        return 0;
    }

    private void WriteLookedUp(ReadOnlySpan<byte> samples, Span<byte> row, int to, int stride)
    {
        int depth = header.Depth, mask = (1 << depth) - 1;
        for (int bit = 0; to < row.Length; bit += depth, to += stride)
        {
            int value = (samples[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
            row[to] = lookup[value * 3];
            row[to + 1] = lookup[value * 3 + 1];
            row[to + 2] = lookup[value * 3 + 2];
            if (opacities.Length > 0)
                background?.Under(row.Slice(to, 3), opacities[value]);
        }
    }

    private static byte[] BuildLookup(PngHeader header, byte[] palette)
    {
        byte[] lookup = GrayRamp.Of256();
        if (header.Color == PngColor.Palette)
        {
            palette.CopyTo(lookup, 0);
        }
        else if (header.Color == PngColor.Gray && header.Depth <= 8)
        {
            int max = (1 << header.Depth) - 1;
            for (int value = 0; value <= max; value++)
                lookup.AsSpan(value * 3, 3).Fill((byte)(value * 255 / max));
        }
        return lookup;
    }

    private static byte[] BuildOpacities(PngHeader header, byte[] transparency, byte[] clearColor)
    {
        bool isPalette = header.Color == PngColor.Palette && transparency.Length > 0;
        if (!isPalette && (clearColor.Length == 0 || header.Channels > 1 || header.Depth > 8))
            return [];
        var opacities = new byte[256];
        opacities.AsSpan().Fill(255);
        if (isPalette)
            transparency.CopyTo(opacities, 0);
        else if (BinaryPrimitives.ReadUInt16BigEndian(clearColor) is var value and < 256)
            opacities[value] = 0;
        return opacities;
    }
}
