using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>setp and testp: predicates. A comparison of floats with a NaN is false, that ending in u is true.</summary>
internal static class Comparisons
{
    public static Execute? Decode(Statement s) => s.Parts[0] switch
    {
        "setp" when s.Parts.Length == 3 => Lanewise.Binary(s, Function(s)),
        "setp" when s.Parts.Length == 4 && s.Operands.Length == 4 => Combined(s, Function(s)),
        "testp" => Lanewise.Unary(s, Test(s)),
        _ => null,
    };

    /// <summary>setp.ge.or.s32 p, a, b, q: a >= b or q.</summary>
    private static Execute Combined(Statement s, Func<ulong, ulong, ulong> f) => s.Parts[2] switch
    {
        "or" => Lanewise.Ternary(s, (a, b, p) => f(a, b) | p),
        "and" => Lanewise.Ternary(s, (a, b, p) => f(a, b) & p),
        "xor" => Lanewise.Ternary(s, (a, b, p) => f(a, b) ^ p),
        _ => throw s.NotSupported(),
    };

    private static Func<ulong, ulong, ulong> Function(Statement s)
    {
        PtxType t = s.Type;
        return (s.Parts[1], t) switch
        {
            (_, { IsFloat: true, Bits: 32 }) => Floating(s, a => BitConverter.UInt32BitsToSingle((uint)a)),
            (_, { IsFloat: true, Bits: 64 }) => Floating(s, BitConverter.UInt64BitsToDouble),
            ("eq", _) => (a, b) => Bit(t.Extend(a) == t.Extend(b)),
            ("ne", _) => (a, b) => Bit(t.Extend(a) != t.Extend(b)),
            ("lt" or "lo", _) => (a, b) => Bit(Order(t, a, b) < 0),
            ("le" or "ls", _) => (a, b) => Bit(Order(t, a, b) <= 0),
            ("gt" or "hi", _) => (a, b) => Bit(Order(t, a, b) > 0),
            ("ge" or "hs", _) => (a, b) => Bit(Order(t, a, b) >= 0),
            _ => throw s.NotSupported(),
        };
    }

    private static int Order(PtxType t, ulong a, ulong b) =>
        t.IsSigned ? t.Extend(a).CompareTo(t.Extend(b)) : ((ulong)t.Extend(a)).CompareTo((ulong)t.Extend(b));

    private static Func<ulong, ulong, ulong> Floating(Statement s, Func<ulong, double> value)
    {
        Func<double, double, bool> f = s.Parts[1] switch
        {
            "eq" => (a, b) => a == b,
            "ne" => (a, b) => a < b || a > b,
            "lt" => (a, b) => a < b,
            "le" => (a, b) => a <= b,
            "gt" => (a, b) => a > b,
            "ge" => (a, b) => a >= b,
            "equ" => (a, b) => !(a < b || a > b),
            "neu" => (a, b) => a != b,
            "ltu" => (a, b) => !(a >= b),
            "leu" => (a, b) => !(a > b),
            "gtu" => (a, b) => !(a <= b),
            "geu" => (a, b) => !(a < b),
            "num" => (a, b) => !double.IsNaN(a) && !double.IsNaN(b),
            "nan" => (a, b) => double.IsNaN(a) || double.IsNaN(b),
            _ => throw s.NotSupported(),
        };
        return (a, b) => Bit(f(value(a), value(b)));
    }

    private static Func<ulong, ulong> Test(Statement s)
    {
        bool isDouble = s.Type.Bits == 64;
        Func<ulong, double> value = isDouble ? BitConverter.UInt64BitsToDouble : a => BitConverter.UInt32BitsToSingle((uint)a);
        return s.Parts[1] switch
        {
            "finite" => a => Bit(double.IsFinite(value(a))),
            "infinite" => a => Bit(double.IsInfinity(value(a))),
            "notanumber" => a => Bit(double.IsNaN(value(a))),
            "number" => a => Bit(!double.IsNaN(value(a))),
            _ => throw s.NotSupported(),
        };
    }

    private static ulong Bit(bool value) => value ? 1ul : 0;
}
