using System.Buffers.Binary;
using System.Text;

namespace VlmSharp.Imaging.Tests.WebP;

/// <summary>Puts WebP files together by hand.</summary>
internal static class WebPFile
{
    /// <summary>A chunk, padded to an even length.</summary>
    public static byte[] Chunk(string name, params byte[] payload)
    {
        var chunk = new byte[8 + payload.Length + (payload.Length & 1)];
        Encoding.ASCII.GetBytes(name, chunk);
        BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), payload.Length);
        payload.CopyTo(chunk, 8);
        return chunk;
    }

    /// <summary>A file of these chunks.</summary>
    public static byte[] Riff(params byte[][] chunks) => Chunk("RIFF", [.. "WEBP"u8, .. chunks.SelectMany(c => c)]);

    /// <summary>The extended header.</summary>
    public static byte[] Extended(byte flags, int width, int height) =>
        Chunk("VP8X", [flags, 0, 0, 0, .. UInt24(width - 1), .. UInt24(height - 1)]);

    /// <summary>The first frame of an animation.</summary>
    public static byte[] Frame(int x, int y, params byte[][] parts) =>
        Chunk("ANMF", [.. UInt24(x / 2), .. UInt24(y / 2), .. new byte[10], .. parts.SelectMany(p => p)]);

    private static byte[] UInt24(int value) => [(byte)value, (byte)(value >> 8), (byte)(value >> 16)];
}

/// <summary>Writes lossless streams bit by bit.</summary>
internal sealed class Vp8LWriter
{
    private readonly List<byte> bytes = [];
    private int bitCount;

    /// <summary>Begins a picture.</summary>
    public static Vp8LWriter Picture(int width, int height) =>
        new Vp8LWriter().Bits(0x2F, 8).Bits(width - 1, 14).Bits(height - 1, 14).Bits(0, 4);

    /// <summary>Appends a number, its lowest bit first.</summary>
    public Vp8LWriter Bits(int value, int count)
    {
        for (int i = 0; i < count; i++, bitCount++)
        {
            if ((bitCount & 7) == 0)
                bytes.Add(0);
            bytes[^1] |= (byte)((value >> i & 1) << (bitCount & 7));
        }
        return this;
    }

    /// <summary>Appends single bits.</summary>
    public Vp8LWriter Flags(params int[] flags)
    {
        foreach (int flag in flags)
            Bits(flag, 1);
        return this;
    }

    /// <summary>Defines a code of one symbol, which takes no bits.</summary>
    public Vp8LWriter One(int symbol) => Flags(1, 0, 1).Bits(symbol, 8);

    /// <summary>Defines a code of two symbols: 0 for the smaller one, 1 for the other.</summary>
    public Vp8LWriter Two(int first, int second) => Flags(1, 1, 1).Bits(first, 8).Bits(second, 8);

    /// <summary>Defines a code of one length for the first 2^length symbols.</summary>
    public Vp8LWriter Even(int length)
    {
        int[] order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11];
        int given = Array.IndexOf(order, length) + 1;
        Flags(0).Bits(given - 4, 4);
        for (int i = 0; i < given; i++)
            Bits(order[i] == length ? 1 : 0, 3);
        // A number of symbols: of 12 bits, and from 2 on.
        return Flags(1).Bits(5, 3).Bits((1 << length) - 2, 12);
    }

    /// <summary>Defines an auxiliary image of one color, or the codes of a picture of one color.</summary>
    public Vp8LWriter Plain(int red, int green, int blue, int alpha) => One(green).One(red).One(blue).One(alpha).One(0);

    /// <summary>The bytes so far, the last one filled up with zero bits.</summary>
    public byte[] ToArray() => [.. bytes];

    /// <summary>A file of the stream alone.</summary>
    public byte[] ToFile() => WebPFile.Riff(WebPFile.Chunk("VP8L", ToArray()));
}
