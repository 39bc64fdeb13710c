using System.Runtime.CompilerServices;

namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>
/// A canonical prefix code of a lossless stream (WebP lossless specification, section 6.2), with its bits in the order of the stream. Codes
/// of up to <see cref="FastBits"/> bits are decoded by one table lookup, longer ones by comparison with the first code of each length. A
/// code with a single symbol takes no bits.
/// </summary>
internal sealed class Vp8LPrefixCode
{
    /// <summary>The most bits of a code.</summary>
    public const int MaxLength = 15;

    /// <summary>The code's length is stored above the symbol in a table entry, from this bit on.</summary>
    public const int LengthShift = 12;

    /// <summary>Masks the symbol in a table entry; the largest alphabet has 2328 symbols.</summary>
    public const int SymbolMask = (1 << LengthShift) - 1;

    private const int FastBits = 8;

    // Marks codes that are longer than the table's; no code in the table has this length.
    private const ushort Longer = MaxLength << LengthShift;

    private readonly ushort[] fast;

    // Only for codes longer than the table's: the symbols in the order of their codes, and for each length the first code, aligned to 15
    // bits, and the index of its symbol.
    private readonly ushort[] symbols = [];
    private readonly int[] firstCode = [];
    private readonly int[] firstIndex = [];

    private Vp8LPrefixCode(int symbol) => fast = [(ushort)symbol];

    private Vp8LPrefixCode(ReadOnlySpan<byte> lengths, ReadOnlySpan<int> counts, int longest)
    {
        fast = new ushort[1 << Math.Min(longest, FastBits)];
        if (longest > FastBits)
        {
            fast.AsSpan().Fill(Longer);
            (symbols, firstCode, firstIndex) = (new ushort[lengths.Length - counts[0]], new int[MaxLength + 2], new int[MaxLength + 1]);
        }
        Span<int> nextCode = stackalloc int[MaxLength + 1];
        Span<int> nextIndex = stackalloc int[MaxLength + 1];
        int code = 0, index = 0;
        for (int length = 1; length <= MaxLength; length++)
        {
            (nextCode[length], nextIndex[length]) = (code, index);
            if (longest > FastBits)
                (firstCode[length], firstIndex[length]) = (code << (MaxLength - length), index);
            code = (code + counts[length]) << 1;
            index += counts[length];
        }
        if (longest > FastBits)
            firstCode[MaxLength + 1] = 1 << MaxLength;
        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            int length = lengths[symbol];
            if (length == 0)
                continue;
            if (longest > FastBits)
                symbols[nextIndex[length]++] = (ushort)symbol;
            if (length <= FastBits)
                FillFast(Reverse(nextCode[length], length), length, symbol);
            nextCode[length]++;
        }
    }

    /// <summary>The size of the tables in bytes.</summary>
    public int TableBytes => (fast.Length + symbols.Length) * sizeof(ushort) + (firstCode.Length + firstIndex.Length) * sizeof(int);

    /// <summary>Builds the code.</summary>
    /// <param name="lengths">The length of each symbol's code, at most 15; 0 for symbols that do not occur.</param>
    /// <returns>The code, or null when the lengths do not make a complete one.</returns>
    public static Vp8LPrefixCode? Build(ReadOnlySpan<byte> lengths)
    {
        Span<int> counts = stackalloc int[MaxLength + 1];
        counts.Clear();
        foreach (byte length in lengths)
            counts[length]++;
        if (counts[0] == lengths.Length - 1)
            return new Vp8LPrefixCode(lengths.IndexOfAnyExcept((byte)0));
        int covered = 0, longest = 0;
        for (int length = 1; length <= MaxLength; length++)
        {
            covered += counts[length] << (MaxLength - length);
            if (counts[length] > 0)
                longest = length;
        }
        return covered == 1 << MaxLength ? new Vp8LPrefixCode(lengths, counts, longest) : null;
    }

    /// <summary>Decodes the first code in these bits to its length and symbol.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(uint bits)
    {
        ushort[] table = fast;
        int entry = table[(int)bits & (table.Length - 1)];
        return entry < Longer ? entry : FindLong(bits);
    }

    private int FindLong(uint bits)
    {
        int code = Reverse((int)bits, MaxLength);
        int length = FastBits + 1;
        while (code >= firstCode[length + 1])
            length++;
        int index = firstIndex[length] + ((code - firstCode[length]) >> (MaxLength - length));
        return length << LengthShift | symbols[index];
    }

    private void FillFast(int start, int length, int symbol)
    {
        for (int i = start; i < fast.Length; i += 1 << length)
            fast[i] = (ushort)(length << LengthShift | symbol);
    }

    private static int Reverse(int code, int length)
    {
        int reversed = 0;
        for (int i = 0; i < length; i++, code >>= 1)
            reversed = reversed << 1 | code & 1;
        return reversed;
    }
}
