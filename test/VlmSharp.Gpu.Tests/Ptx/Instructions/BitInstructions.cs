using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>Bits: logic, shifts, fields, counts. Predicates are 0 or 1.</summary>
internal static class BitInstructions
{
    public static Execute? Decode(Statement s)
    {
        PtxType t = s.Type;
        return s.Parts[0] switch
        {
            "and" => Lanewise.Binary(s, (a, b) => a & b & Mask(t)),
            "or" => Lanewise.Binary(s, (a, b) => (a | b) & Mask(t)),
            "xor" => Lanewise.Binary(s, (a, b) => (a ^ b) & Mask(t)),
            "not" => t.Kind == 'p' ? Lanewise.Unary(s, a => a ^ 1) : Lanewise.Unary(s, a => ~a & Mask(t)),
            "shl" => Lanewise.Binary(s, (a, b) => (uint)b >= t.Bits ? 0 : (a << (int)(uint)b) & Mask(t)),
            "shr" => Lanewise.Binary(s, (a, b) => ShiftRight(t, a, (uint)b)),
            "popc" => Lanewise.Unary(s, a => (uint)BitOperations.PopCount(a & Mask(t))),
            "clz" => Lanewise.Unary(s, a => (uint)(BitOperations.LeadingZeroCount(a & Mask(t)) - (64 - t.Bits))),
            "brev" => Lanewise.Unary(s, a => Reverse(a & Mask(t), t.Bits)),
            "bfe" => Lanewise.Ternary(s, (a, start, length) => Extract(t, a, (byte)start, (byte)length)),
            "bfi" => Lanewise.Quaternary(s, (a, b, start, length) => Insert(t, a, b, (byte)start, (byte)length)),
            _ => null,
        };
    }

    private static ulong Mask(PtxType t) => t.Bits == 64 ? ulong.MaxValue : (1ul << t.Bits) - 1;

    /// <summary>Counts beyond the width leave the sign, or nothing.</summary>
    private static ulong ShiftRight(PtxType t, ulong a, uint count) =>
        t.IsSigned ? t.Wrap(t.Extend(a) >> (int)Math.Min(count, 63u)) : count >= t.Bits ? 0 : (a & Mask(t)) >> (int)count;

    private static ulong Reverse(ulong a, int bits)
    {
        ulong reversed = 0;
        for (int i = 0; i < bits; i++) reversed |= ((a >> i) & 1) << (bits - 1 - i);
        return reversed;
    }

    private static ulong Extract(PtxType t, ulong a, int start, int length)
    {
        if (length == 0) return 0;
        int last = Math.Min(start + length - 1, t.Bits - 1);
        ulong sign = t.IsSigned ? (a >> last) & 1 : 0, field = 0;
        for (int i = 0; i < t.Bits; i++)
        {
            bool isInside = i < length && start + i < t.Bits;
            field |= (isInside ? (a >> (start + i)) & 1 : sign) << i;
        }

        return field;
    }

    private static ulong Insert(PtxType t, ulong a, ulong b, int start, int length)
    {
        for (int i = 0; i < length && start + i < t.Bits; i++)
        {
            ulong bit = 1ul << (start + i);
            b = ((a >> i) & 1) != 0 ? b | bit : b & ~bit;
        }

        return b;
    }
}
