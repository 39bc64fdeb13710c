using System.Runtime.InteropServices;

namespace VlmSharp.Tokenization;

/// <summary>
/// Folded multiplication (as in wyhash) with a random seed per instance, so that a file cannot be crafted to make its pieces or merges
/// collide.
/// </summary>
internal sealed class SeededHash
{
    private const ulong Odd = 0x9E3779B97F4A7C15; // 2^64 / golden ratio
    private readonly ulong seed = (ulong)Random.Shared.NextInt64() | 1;

    /// <summary>Hash of a byte string.</summary>
    public uint Of(ReadOnlySpan<byte> bytes)
    {
        ulong state = seed ^ (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..]) state = Fold(state ^ MemoryMarshal.Read<ulong>(bytes));
        ulong tail = 0;
        foreach (byte b in bytes) tail = tail << 8 | b;
        state = Fold(state ^ tail);
        return (uint)(state ^ state >> 32);
    }

    /// <summary>Hash of a number.</summary>
    public uint Of(ulong value)
    {
        ulong state = Fold(seed ^ value);
        return (uint)(state ^ state >> 32);
    }

    private ulong Fold(ulong value)
    {
        ulong high = Math.BigMul(value, Odd ^ seed, out ulong low);
        return high ^ low;
    }
}
