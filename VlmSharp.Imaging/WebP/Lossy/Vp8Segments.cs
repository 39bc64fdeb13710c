namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// The segments of a frame (RFC 6386, section 9.3): up to four kinds of macroblock, each with its own quantizer and filter level.
/// </summary>
internal sealed class Vp8Segments
{
    /// <summary>The largest number of segments.</summary>
    public const int Count = 4;

    private readonly bool used;
    private readonly bool hasMap;
    private readonly bool absolute = true;
    private readonly int[] quantizers = new int[Count];
    private readonly int[] filterLevels = new int[Count];
    private readonly byte[] treeProbabilities = [255, 255, 255];

    /// <summary>Reads this part of the frame header.</summary>
    public Vp8Segments(Vp8BoolReader reader)
    {
        used = reader.ReadFlag();
        if (!used)
            return;
        hasMap = reader.ReadFlag();
        if (reader.ReadFlag())
        {
            absolute = reader.ReadFlag();
            for (int i = 0; i < Count; i++)
                quantizers[i] = reader.ReadOptionalSigned(7);
            for (int i = 0; i < Count; i++)
                filterLevels[i] = reader.ReadOptionalSigned(6);
        }
        for (int i = 0; i < treeProbabilities.Length && hasMap; i++)
            treeProbabilities[i] = reader.ReadFlag() ? (byte)reader.ReadBits(8) : (byte)255;
    }

    /// <summary>A segment's quantizer index, given the frame's.</summary>
    public int Quantizer(int segment, int ofFrame) => Combine(quantizers[segment], ofFrame);

    /// <summary>A segment's filter level, given the frame's.</summary>
    public int FilterLevel(int segment, int ofFrame) => Combine(filterLevels[segment], ofFrame);

    /// <summary>Reads the segment of the next macroblock.</summary>
    public int ReadSegment(Vp8BoolReader reader)
    {
        if (!hasMap)
            return 0;
        return reader.ReadBit(treeProbabilities[0])
            ? reader.ReadBit(treeProbabilities[2]) ? 3 : 2
            : reader.ReadBit(treeProbabilities[1]) ? 1 : 0;
    }

    private int Combine(int value, int ofFrame) => !used ? ofFrame : absolute ? value : ofFrame + value;
}
