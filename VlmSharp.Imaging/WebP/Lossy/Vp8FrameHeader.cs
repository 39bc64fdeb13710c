using System.Buffers.Binary;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>The header of a VP8 key frame (RFC 6386, sections 9.1 to 9.11), and the partitions that follow it.</summary>
internal sealed class Vp8FrameHeader
{
    private const int StartBytes = 10;

    /// <summary>Reads the header.</summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="context">The errors to throw.</param>
    public Vp8FrameHeader(byte[] frame, DecodeContext context)
    {
        (Width, Height) = ReadSize(frame, context);
        int modesEnd = StartBytes + FirstPartitionBytes(frame);
        if (modesEnd > frame.Length)
            throw context.Truncated("its first partition");
        CheckPlausible(modesEnd - StartBytes, context);
        Modes = new Vp8BoolReader(frame, StartBytes, modesEnd);
        // The color space and whether clamping is needed: decoders always clamp, and convert in one way.
        Modes.ReadBits(2);
        Segments = new Vp8Segments(Modes);
        Filter = new Vp8FilterHeader(Modes);
        Coefficients = ReadPartitions(frame, modesEnd, 1 << Modes.ReadBits(2), context);
        Quantizers = Vp8Quantizer.Read(Modes, Segments);
        // Whether the probabilities are for this frame only; there is only one frame.
        Modes.ReadFlag();
        CoefficientProbabilities = ReadProbabilities(Modes);
        if (Modes.ReadFlag())
            SkipProbability = Modes.ReadBits(8);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Macroblocks of 16 x 16 pixels across.</summary>
    public int MacroblocksAcross => (Width + 15) / 16;

    /// <summary>Macroblocks down.</summary>
    public int MacroblocksDown => (Height + 15) / 16;

    public Vp8Segments Segments { get; }

    public Vp8FilterHeader Filter { get; }

    /// <summary>The quantizers, by segment.</summary>
    public Vp8Quantizer[] Quantizers { get; }

    /// <summary>The probabilities, in the layout of <see cref="Vp8CoefficientTables"/>.</summary>
    public byte[] CoefficientProbabilities { get; }

    /// <summary>The probability that a macroblock has coefficients; null if no macroblock has a skip flag.</summary>
    public int? SkipProbability { get; }

    /// <summary>The first partition, positioned at the first macroblock's modes.</summary>
    public Vp8BoolReader Modes { get; }

    /// <summary>The partitions of coefficients; rows of macroblocks take turns among them.</summary>
    public Vp8BoolReader[] Coefficients { get; }

    /// <summary>Reads the size only.</summary>
    public static (int Width, int Height) ReadSize(ReadOnlySpan<byte> frame, DecodeContext context)
    {
        if (frame.Length < StartBytes)
            throw context.Truncated("its frame header");
        if (!frame[3..].StartsWith((ReadOnlySpan<byte>)[0x9D, 0x01, 0x2A]))
            throw context.Damaged("its VP8 start code is missing");
        bool isKeyFrame = (frame[0] & 1) == 0, isShown = (frame[0] & 0x10) != 0;
        int version = frame[0] >> 1 & 7;
        if (!isKeyFrame || !isShown || version > 3)
            throw context.Damaged("its VP8 frame is not a visible key frame");
        // The two highest bits give the viewer a scale, which is not applied.
        int width = BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]) & 0x3FFF;
        int height = BinaryPrimitives.ReadUInt16LittleEndian(frame[8..]) & 0x3FFF;
        return (width, height);
    }

    private static int FirstPartitionBytes(ReadOnlySpan<byte> frame) => (frame[0] | frame[1] << 8 | frame[2] << 16) >> 5;

    // The prediction modes of a macroblock and its chroma are coded with fixed probabilities, together at least 1.6 bits. So a short file
    // cannot hold a large picture and is refused before allocation. The coder may read two bytes ahead.
    private void CheckPlausible(int modeBytes, DecodeContext context)
    {
        if (MacroblocksAcross * MacroblocksDown > (modeBytes + 2) * 8)
            throw context.Truncated("its first partition");
    }

    private static Vp8BoolReader[] ReadPartitions(byte[] frame, int position, int count, DecodeContext context)
    {
        int start = position + 3 * (count - 1);
        var partitions = new Vp8BoolReader[count];
        for (int i = 0; i < count; i++, position += 3)
        {
            // The last partition has no stored size: it takes the rest. If an earlier one extends too far, that shows when it is read.
            if (start >= frame.Length)
                throw context.Truncated("its partitions");
            int end = frame.Length;
            if (i < count - 1)
                end = Math.Min(end, start + (frame[position] | frame[position + 1] << 8 | frame[position + 2] << 16));
            partitions[i] = new Vp8BoolReader(frame, start, end);
            start = end;
        }
        return partitions;
    }

    private static byte[] ReadProbabilities(Vp8BoolReader reader)
    {
        byte[] probabilities = Vp8CoefficientTables.Defaults.ToArray();
        ReadOnlySpan<byte> keep = Vp8CoefficientTables.KeepProbabilities;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (reader.ReadBit(keep[i]))
                probabilities[i] = (byte)reader.ReadBits(8);
        }
        return probabilities;
    }
}
