using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>The bits of a lossless stream, the least significant of each byte first. Reading past the end is an error.</summary>
internal ref struct Vp8LBitReader
{
    private readonly ReadOnlySpan<byte> data;
    private readonly DecodeContext context;
    private int position;

    // The next bits, from the least significant on; zeros follow the last bit of the stream.
    private ulong bits;
    private int count;

    public Vp8LBitReader(ReadOnlySpan<byte> data, DecodeContext context)
    {
        this.data = data;
        this.context = context;
    }

    /// <summary>The errors to throw.</summary>
    public readonly DecodeContext Context => context;

    /// <summary>Reads 0 to 24 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadBits(int size)
    {
        if (count < size)
            Refill();
        int value = (int)(bits & ((1UL << size) - 1));
        Consume(size);
        return value;
    }

    /// <summary>Reads one bit.</summary>
    public bool ReadBit() => ReadBits(1) != 0;

    /// <summary>Decodes one symbol.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadSymbol(Vp8LPrefixCode code)
    {
        if (count < Vp8LPrefixCode.MaxLength)
            Refill();
        int entry = code.Find((uint)bits);
        Consume(entry >> Vp8LPrefixCode.LengthShift);
        return entry & Vp8LPrefixCode.SymbolMask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Consume(int size)
    {
        bits >>= size;
        count -= size;
        if (count < 0)
            ThrowTruncated();
    }

    private readonly void ThrowTruncated() => throw context.Truncated("its compressed data");

    private void Refill()
    {
        if (data.Length - position >= sizeof(ulong))
        {
            bits |= BinaryPrimitives.ReadUInt64LittleEndian(data[position..]) << count;
            int bytes = (63 - count) >> 3;
            position += bytes;
            count += bytes * 8;
            return;
        }
        while (count <= 56 && position < data.Length)
        {
            bits |= (ulong)data[position++] << count;
            count += 8;
        }
    }
}
