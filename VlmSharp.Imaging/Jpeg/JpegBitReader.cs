using System.Runtime.CompilerServices;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// The bits of entropy-coded segments (ITU T.81, section B.1.1.5 and annex F.2.2.5): a zero byte after 0xFF is stuffing,
/// anything else a marker, at which the segment ends. Reading past the end of a segment is an error.
/// </summary>
internal ref struct JpegBitReader
{
    private readonly ReadOnlySpan<byte> data;
    private readonly DecodeContext context;
    private int position;

    // The next bits, from the most significant on; zeros follow the last real one.
    private ulong bits;
    private int count;

    public JpegBitReader(ReadOnlySpan<byte> data, int position, DecodeContext context)
    {
        this.data = data;
        this.position = position;
        this.context = context;
    }

    /// <summary>Where the search for the marker after the scan begins.</summary>
    public readonly int Position => position;

    /// <summary>Decodes one Huffman code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadCode(JpegHuffmanTable table)
    {
        if (count < 16)
            Refill();
        int entry = table.Fast[(int)(bits >> (64 - JpegHuffmanTable.FastBits))];
        if (entry == 0)
            return ReadLongCode(table);
        Consume(entry >> 8);
        return entry & 0xFF;
    }

    /// <summary>Reads a magnitude of so many bits and extends its sign (ITU T.81, figure F.12).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadSigned(int size)
    {
        if (size == 0)
            return 0;
        int value = ReadBits(size);
        return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }

    /// <summary>Reads 1 to 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadBits(int size)
    {
        if (count < size)
            Refill();
        int value = (int)(bits >> (64 - size));
        Consume(size);
        return value;
    }

    /// <summary>Reads one bit.</summary>
    public bool ReadBit() => ReadBits(1) != 0;

    /// <summary>Drops the rest of the segment and passes the restart marker with this number (0 to 7).</summary>
    public void Restart(int number)
    {
        bits = 0;
        count = 0;
        while (position + 1 < data.Length)
        {
            if (data[position] != 0xFF || data[position + 1] is 0 or 0xFF)
            {
                position++;
                continue;
            }
            if (data[position + 1] != 0xD0 + number)
                break;
            position += 2;
            return;
        }
        throw context.Damaged($"restart marker {number} is missing");
    }

    private int ReadLongCode(JpegHuffmanTable table)
    {
        int value = table.FindLong((int)(bits >> 48), out int length);
        if (value < 0)
            throw count < 16
                ? context.Truncated("its compressed data")
                : context.Damaged("its compressed data holds an unknown Huffman code");
        Consume(length);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Consume(int size)
    {
        bits <<= size;
        count -= size;
        if (count < 0)
            ThrowTruncated();
    }

    private readonly void ThrowTruncated() => throw context.Truncated("its compressed data");

    private void Refill()
    {
        while (count <= 56 && position < data.Length)
        {
            byte value = data[position];
            if (value == 0xFF)
            {
                if (position + 1 >= data.Length || data[position + 1] != 0)
                    return;
                position++;
            }
            position++;
            bits |= (ulong)value << (56 - count);
            count += 8;
        }
    }
}
