using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>atom, which gives the old value, and red, which does not: an indivisible change of one element.</summary>
internal static unsafe class Atomics
{
    public static Execute? Decode(Statement s)
    {
        if (s.Parts[0] is not ("atom" or "red")) return null;
        bool gives = s.Parts[0] == "atom";
        int d = gives ? s.Register(0) : -1, place = gives ? 1 : 0;
        var (start, offset) = s.Address(place);
        int a = s.Operand(place + 1), b = s.Operands.Length > place + 2 ? s.Operand(place + 2) : a;
        Func<ulong, ulong, ulong, ulong> change = Change(s);
        int bytes = s.Type.Bytes;
        string space = s.Space;
        return (warp, lanes) =>
        {
            lock (warp.Group.Launch.Global.Writing)
                for (uint m = lanes; m != 0; m &= m - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(m);
                    byte* at = Locate(warp, lane, space, warp.R[start + lane] + offset, bytes);
                    ulong old = Elements.Load(at, bytes);
                    Elements.Store(at, bytes, change(old, warp.R[a + lane], warp.R[b + lane]));
                    if (d >= 0) warp.R[d + lane] = old;
                }
        };
    }

    private static byte* Locate(Warp warp, int lane, string space, ulong address, int size)
    {
        if (space == "") (space, address) = GenericAddress.Resolve(address);
        return space switch
        {
            "shared" => warp.Group.Shared.Atomic(warp, lane, (uint)address, size),
            "local" => LocalMemory.Locate(warp, lane, address, size),
            _ => warp.Group.Launch.Global.Atomic(warp, lane, address, size),
        };
    }

    private static float Single(ulong register) => BitConverter.UInt32BitsToSingle((uint)register);

    private static double Double(ulong register) => BitConverter.UInt64BitsToDouble(register);

    /// <summary>The new value, of the old one and the operands.</summary>
    private static Func<ulong, ulong, ulong, ulong> Change(Statement s)
    {
        PtxType t = s.Type;
        string operation = s.Parts.First(p => p is "add" or "min" or "max" or "and" or "or" or "xor" or "exch" or "cas" or "inc" or "dec");
        return (operation, t) switch
        {
            ("exch", _) => (_, a, _) => a,
            ("cas", _) => (old, expected, a) => old == expected ? a : old,
            ("and", _) => (old, a, _) => old & a,
            ("or", _) => (old, a, _) => old | a,
            ("xor", _) => (old, a, _) => old ^ a,
            ("add", { IsFloat: true, Bits: 32 }) => (old, a, _) => BitConverter.SingleToUInt32Bits(Single(old) + Single(a)),
            ("add", { IsFloat: true, Bits: 64 }) => (old, a, _) => BitConverter.DoubleToUInt64Bits(Double(old) + Double(a)),
            ("add", { IsFloat: false }) => (old, a, _) => t.Wrap((long)(old + a)),
            ("min", { IsSigned: true }) => (old, a, _) => t.Wrap(Math.Min(t.Extend(old), t.Extend(a))),
            ("max", { IsSigned: true }) => (old, a, _) => t.Wrap(Math.Max(t.Extend(old), t.Extend(a))),
            ("min", { Kind: 'u' }) => (old, a, _) => Math.Min(old, a),
            ("max", { Kind: 'u' }) => (old, a, _) => Math.Max(old, a),
            _ => throw s.NotSupported(),
        };
    }
}
