using System.Runtime.CompilerServices;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Jpeg;

/// <summary>
/// The bits of entropy-coded segments (ITU T.81, section B.1.1.5 and annex F.2.2.5): a zero byte after 0xFF is stuffing, anything else a
/// marker, at which the segment ends. Damaged data is read as libjpeg does: beyond the marker the bits are zero, and a code that the table
/// does not have counts as 0. Reading past the end of the file is an error.
/// </summary>
internal ref struct JpegBitReader
{
    // What libjpeg consumes before it decides that there is no such code.
    private const int UnknownCodeBits = 17;

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

    /// <summary>Whether bits beyond the end of the segment were read; the blocks that follow in it have no data.</summary>
    public bool IsOut { get; private set; }

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

    /// <summary>
    /// Drops the rest of the segment and passes the restart marker with this number (0 to 7). If another marker is there, a segment was
    /// lost or a marker damaged. The choice between skipping data and leaving a segment empty is libjpeg's (jpeg_resync_to_restart).
    /// </summary>
    public void Restart(int number)
    {
        (bits, count) = (0, 0);
        while (true)
        {
            int marker = FindMarker();
            bool isRestart = marker is >= 0xD0 and <= 0xD7;
            int ahead = (marker - 0xD0 - number) & 7;
            bool isEarlier = marker < 0xC0 || isRestart && ahead >= 6;
            bool isLater = !isRestart || ahead is 1 or 2;
            if (!isEarlier && isLater)
                return; // the segment is empty: the reader stays before the marker
            position += 2;
            if (isEarlier)
                continue;
            IsOut = false;
            return;
        }
    }

    // Moves to the next marker and returns its second byte.
    private int FindMarker()
    {
        for (; position + 1 < data.Length; position++)
        {
            if (data[position] == 0xFF && data[position + 1] is not (0 or 0xFF))
                return data[position + 1];
        }
        throw context.Truncated("its compressed data");
    }

    private int ReadLongCode(JpegHuffmanTable table)
    {
        int value = table.FindLong((int)(bits >> 48), out int length);
        if (value < 0)
        {
            if (count < UnknownCodeBits)
                Refill();
            Consume(UnknownCodeBits);
            return 0;
        }
        Consume(length);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Consume(int size)
    {
        bits <<= size;
        count -= size;
        if (count < 0)
            FillWithZeros();
    }

    // After a refill that found too few bits: at a marker, or at the end of the file.
    private void FillWithZeros()
    {
        if (position + 1 >= data.Length)
            throw context.Truncated("its compressed data");
        IsOut = true;
        (bits, count) = (0, 48);
    }

    private void Refill()
    {
        while (count <= 56 && position < data.Length)
        {
            byte value = data[position];
            if (value == 0xFF && !PassStuffing())
                return;
            position++;
            bits |= (ulong)value << (56 - count);
            count += 8;
        }
    }

    // From a byte 0xFF to the zero byte after it; or, if a marker or the end of the file follows, to the last byte 0xFF before that.
    private bool PassStuffing()
    {
        while (position + 1 < data.Length && data[position + 1] == 0xFF)
            position++;
        if (position + 1 >= data.Length || data[position + 1] != 0)
            return false;
        position++;
        return true;
    }
}
