using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// A Huffman table (ITU T.81, annex C): codes of up to <see cref="FastBits"/> bits are found by one look-up, longer ones by
/// comparing with the largest code of each length (annex F.2.2.3).
/// </summary>
internal sealed class JpegHuffmanTable
{
    /// <summary>Bits of the look-up.</summary>
    public const int FastBits = 9;

    private readonly byte[] values;

    // Length of the code in the high byte, value in the low byte; 0 when the code is longer.
    private readonly ushort[] fast = new ushort[1 << FastBits];

    // For each length the largest code (-1 if none) and what to add to a code to get its index in `values`.
    private readonly int[] maxCode = new int[17];
    private readonly int[] indexOffset = new int[17];

    /// <summary>Builds the table.</summary>
    /// <param name="counts">The number of codes of lengths 1 to 16.</param>
    /// <param name="values">The values in the order of their codes.</param>
    /// <param name="context">Words for errors.</param>
    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> values, DecodeContext context)
    {
        this.values = values.ToArray();
        int code = 0, index = 0;
        for (int length = 1; length <= 16; length++, code <<= 1)
        {
            int count = counts[length - 1];
            if (code + count > 1 << length)
                throw context.Damaged("a Huffman table has more codes than bits allow");
            indexOffset[length] = index - code;
            for (int i = 0; i < count; i++, code++, index++)
            {
                if (length <= FastBits)
                    fast.AsSpan(code << (FastBits - length), 1 << (FastBits - length)).Fill((ushort)(length << 8 | values[index]));
            }
            maxCode[length] = count > 0 ? code - 1 : -1;
        }
    }

    /// <summary>The look-up: the length of the code shifted left by 8, and its value; 0 if it is longer than the look-up.</summary>
    public ReadOnlySpan<ushort> Fast => fast;

    /// <summary>Whether all values are categories that a DC difference can have.</summary>
    public bool FitsDc => values.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)15) < 0;

    /// <summary>Finds a code that is longer than the look-up.</summary>
    /// <param name="peeked">The next 16 bits.</param>
    /// <param name="length">The length of the code.</param>
    /// <returns>Its value, or -1 when there is no such code.</returns>
    public int FindLong(int peeked, out int length)
    {
        for (length = FastBits + 1; length <= 16; length++)
        {
            int code = peeked >> (16 - length);
            if (code <= maxCode[length])
            {
                int index = indexOffset[length] + code;
                return index >= 0 ? values[index] : -1;
            }
        }
        return -1;
    }
}
