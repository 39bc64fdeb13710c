namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>Reads the definitions of prefix codes (WebP lossless specification, section 6.2.1).</summary>
internal sealed class Vp8LPrefixCodeReader
{
    /// <summary>Symbols for repeated lengths: 16 repeats the last length, 17 and 18 are runs of zeros.</summary>
    private const int RepeatLast = 16;

    private const int LengthSymbols = 19;

    // The order of the lengths of the code for lengths.
    private static ReadOnlySpan<byte> LengthOrder => [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    // For symbols 16 to 18: the number of bits of the run length, and the shortest run.
    private static ReadOnlySpan<byte> RunBits => [2, 3, 7];

    private static ReadOnlySpan<byte> ShortestRun => [3, 3, 11];

    private readonly byte[] lengths = new byte[Vp8LCodeGroup.MaxAlphabet];

    /// <summary>Reads a code over an alphabet of that many symbols.</summary>
    public Vp8LPrefixCode Read(ref Vp8LBitReader reader, int alphabet)
    {
        Span<byte> used = lengths.AsSpan(0, alphabet);
        used.Clear();
        if (reader.ReadBit())
            ReadSimple(ref reader, used);
        else
            ReadLengths(ref reader, used);
        return Vp8LPrefixCode.Build(used) ?? throw reader.Context.Damaged("a prefix code is not complete");
    }

    // One or two symbols, each with a code of one bit. Symbols outside the alphabet are ignored.
    private static void ReadSimple(ref Vp8LBitReader reader, Span<byte> lengths)
    {
        bool two = reader.ReadBit();
        int symbol = reader.ReadBits(reader.ReadBit() ? 8 : 1);
        if (symbol < lengths.Length)
            lengths[symbol] = 1;
        if (!two)
            return;
        symbol = reader.ReadBits(8);
        if (symbol < lengths.Length)
            lengths[symbol] = 1;
    }

    private static void ReadLengths(ref Vp8LBitReader reader, Span<byte> lengths)
    {
        Span<byte> ofLengths = stackalloc byte[LengthSymbols];
        ofLengths.Clear();
        int given = reader.ReadBits(4) + 4;
        for (int i = 0; i < given; i++)
            ofLengths[LengthOrder[i]] = (byte)reader.ReadBits(3);
        Vp8LPrefixCode code = Vp8LPrefixCode.Build(ofLengths)
            ?? throw reader.Context.Damaged("the code of its code lengths is not complete");
        int remaining = lengths.Length;
        if (reader.ReadBit())
        {
            int bits = 2 + 2 * reader.ReadBits(3);
            remaining = 2 + reader.ReadBits(bits);
            if (remaining > lengths.Length)
                throw reader.Context.Damaged("it has more code lengths than symbols");
        }
        byte last = 8;
        for (int at = 0; at < lengths.Length && remaining > 0; remaining--)
        {
            int symbol = reader.ReadSymbol(code);
            if (symbol < RepeatLast)
            {
                lengths[at++] = (byte)symbol;
                last = symbol != 0 ? (byte)symbol : last;
                continue;
            }
            int run = ShortestRun[symbol - RepeatLast] + reader.ReadBits(RunBits[symbol - RepeatLast]);
            if (run > lengths.Length - at)
                throw reader.Context.Damaged("it has more code lengths than symbols");
            lengths.Slice(at, run).Fill(symbol == RepeatLast ? last : (byte)0);
            at += run;
        }
    }
}
