using System.Buffers.Binary;
using System.Numerics;

namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// VP8's arithmetic decoder (RFC 6386, section 7): each bit has its own probability of being zero, in 256ths. Zeros follow the last byte;
/// loading the first of them sets <see cref="PastEnd"/>.
/// </summary>
internal sealed class Vp8BoolReader
{
    private readonly byte[] data;
    private readonly int end;
    private int position;

    // The lowest `spare` bits of `value` have been read ahead; the window for comparisons is above them.
    private ulong value;
    private int spare = -8;
    private uint range = 255;

    /// <summary>Reads a partition.</summary>
    public Vp8BoolReader(byte[] data, int start, int end)
    {
        this.data = data;
        this.end = end;
        position = start;
    }

    /// <summary>Whether more bits were read than the partition can contain. Everything read since then is invalid.</summary>
    public bool PastEnd { get; private set; }

    /// <summary>Reads a bit that is zero with the given probability, in 256ths.</summary>
    public bool ReadBit(int probability)
    {
        if (spare < 0)
            Refill();
        uint split = 1 + (((range - 1) * (uint)probability) >> 8);
        ulong aligned = (ulong)split << spare;
        bool bit = value >= aligned;
        if (bit)
        {
            range -= split;
            value -= aligned;
        }
        else
        {
            range = split;
        }
        int shift = BitOperations.LeadingZeroCount(range) - 24;
        range <<= shift;
        spare -= shift;
        return bit;
    }

    /// <summary>Reads a bit with equally likely values.</summary>
    public bool ReadFlag() => ReadBit(128);

    /// <summary>Reads that many bits, the most significant first.</summary>
    public int ReadBits(int count)
    {
        int bits = 0;
        while (count-- > 0)
            bits = bits << 1 | (ReadFlag() ? 1 : 0);
        return bits;
    }

    /// <summary>Reads a magnitude of that many bits and its sign.</summary>
    public int ReadSigned(int count)
    {
        int magnitude = ReadBits(count);
        return ReadFlag() ? -magnitude : magnitude;
    }

    /// <summary>Reads a flag and, if it is set, a magnitude with its sign; otherwise 0.</summary>
    public int ReadOptionalSigned(int count) => ReadFlag() ? ReadSigned(count) : 0;

    private void Refill()
    {
        if (end - position >= sizeof(ulong))
        {
            value = value << 56 | BinaryPrimitives.ReadUInt64BigEndian(data.AsSpan(position)) >> 8;
            position += 7;
            spare += 56;
        }
        else if (position < end)
        {
            value = value << 8 | data[position++];
            spare += 8;
        }
        else if (!PastEnd)
        {
            PastEnd = true;
            value <<= 8;
            spare += 8;
        }
        else
        {
            spare = 0;
        }
    }
}
