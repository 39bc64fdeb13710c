using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>Arithmetic of integers of 16, 32 and 64 bits.</summary>
internal static class Integers
{
    public static Execute? Decode(Statement s)
    {
        if (s.Type.IsFloat || s.Type.Bits == 0) return null;
        return s.Parts[0] switch
        {
            "add" when s.Parts.Length == 2 => Binary(s, (a, b) => a + b),
            "sub" when s.Parts.Length == 2 => Binary(s, (a, b) => a - b),
            "mul" when s.Has("lo") || s.Parts.Length == 2 => Binary(s, (a, b) => a * b),
            "mul" when s.Has("hi") => High(s),
            "mul" when s.Has("wide") => Lanewise.Binary(s, (a, b) => Wide(s, s.Type.Extend(a) * s.Type.Extend(b))),
            "mad" when s.Has("lo") => Ternary(s, (a, b, c) => a * b + c),
            "mad" when s.Has("wide") => Lanewise.Ternary(s, (a, b, c) => Wide(s, s.Type.Extend(a) * s.Type.Extend(b) + (long)c)),
            "div" => IsUnsigned64(s) ? Lanewise.Binary(s, (a, b) => b == 0 ? ulong.MaxValue : a / b) : Binary(s, Divide),
            "rem" => IsUnsigned64(s) ? Lanewise.Binary(s, (a, b) => b == 0 ? a : a % b) : Binary(s, Remainder),
            "min" => IsUnsigned64(s) ? Lanewise.Binary(s, Math.Min) : Binary(s, Math.Min),
            "max" => IsUnsigned64(s) ? Lanewise.Binary(s, Math.Max) : Binary(s, Math.Max),
            "neg" => Lanewise.Unary(s, a => s.Type.Wrap(-s.Type.Extend(a))),
            "abs" => Lanewise.Unary(s, a => s.Type.Wrap(s.Type.Extend(a) < 0 ? -s.Type.Extend(a) : s.Type.Extend(a))),
            _ => null,
        };
    }

    private static bool IsUnsigned64(Statement s) => s.Type is { IsSigned: false, Bits: 64 };

    /// <summary>A division by zero has no defined result; GPUs give all ones.</summary>
    private static long Divide(long a, long b) => b switch { 0 => -1, -1 => -a, _ => a / b };

    private static long Remainder(long a, long b) => b switch { 0 => a, -1 => 0, _ => a % b };

    private static ulong Wide(Statement s, long value) => s.Type.Bits == 32 ? (ulong)value : (uint)value;

    private static Execute High(Statement s) => s.Type switch
    {
        { Bits: 64, IsSigned: true } => Lanewise.Binary(s, (a, b) => (ulong)Math.BigMul((long)a, (long)b, out _)),
        { Bits: 64 } => Lanewise.Binary(s, (a, b) => Math.BigMul(a, b, out _)),
        _ => Binary(s, (a, b) => (a * b) >> s.Type.Bits),
    };

    private static Execute Binary(Statement s, Func<long, long, long> f)
    {
        PtxType t = s.Type;
        return Lanewise.Binary(s, (a, b) => t.Wrap(f(t.Extend(a), t.Extend(b))));
    }

    private static Execute Ternary(Statement s, Func<long, long, long, long> f)
    {
        PtxType t = s.Type;
        return Lanewise.Ternary(s, (a, b, c) => t.Wrap(f(t.Extend(a), t.Extend(b), t.Extend(c))));
    }
}
