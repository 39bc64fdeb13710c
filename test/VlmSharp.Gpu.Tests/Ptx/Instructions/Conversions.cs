using VlmSharp.Compute;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>cvt: among integers of all widths, fp32 and fp64; two fp32 numbers to bf16 in one register.</summary>
internal static class Conversions
{
    public static Execute? Decode(Statement s)
    {
        if (s.Parts[0] != "cvt") return null;
        if (string.Join('.', s.Parts) == "cvt.rn.bf16x2.f32")
            return Lanewise.Binary(s, (high, low) => BFloat16Bits(high) << 16 | BFloat16Bits(low));
        if (s.Has("ftz") || s.Has("sat") || s.Operands.Length != 2) throw s.NotSupported();
        PtxType to = PtxType.Parse(s.Parts[^2]), from = s.Type;
        if ((to.IsFloat && to.Bits < 32) || (from.IsFloat && from.Bits < 32)) throw s.NotSupported();
        string rounding = s.Parts.Length > 3 ? s.Parts[1] : "";
        if (!to.IsFloat && !from.IsFloat) return Lanewise.Unary(s, a => Fill(to, from.Extend(a)));
        if (to.IsFloat && !from.IsFloat) return Lanewise.Unary(s, FromInteger(to, from));
        Func<ulong, double> read = from.Bits == 32 ? a => BitConverter.UInt32BitsToSingle((uint)a) : BitConverter.UInt64BitsToDouble;
        Func<double, double> round = Rounding(s, rounding);
        if (!to.IsFloat) return Lanewise.Unary(s, a => ToInteger(to, round(read(a))));
        return to.Bits == 32
            ? Lanewise.Unary(s, a => BitConverter.SingleToUInt32Bits((float)round(read(a))))
            : Lanewise.Unary(s, a => BitConverter.DoubleToUInt64Bits(round(read(a))));
    }

    private static ulong BFloat16Bits(ulong bits)
    {
        float x = BitConverter.UInt32BitsToSingle((uint)bits);
        return float.IsNaN(x) ? 0x7fffu : BFloat16.FromSingle(x);
    }

    /// <summary>A register is wider than 8 or 16 bits: signed values fill it with their sign.</summary>
    private static ulong Fill(PtxType to, long value) => to.Bits switch
    {
        8 when to.IsSigned => (uint)(sbyte)value,
        16 when to.IsSigned => (uint)(short)value,
        _ => to.Wrap(value),
    };

    private static Func<ulong, ulong> FromInteger(PtxType to, PtxType from) => (to.Bits, from) switch
    {
        (32, { Bits: 64, IsSigned: false }) => a => BitConverter.SingleToUInt32Bits((float)a),
        (32, _) => a => BitConverter.SingleToUInt32Bits((float)from.Extend(a)),
        (_, { Bits: 64, IsSigned: false }) => a => BitConverter.DoubleToUInt64Bits((double)a),
        _ => a => BitConverter.DoubleToUInt64Bits((double)from.Extend(a)),
    };

    private static Func<double, double> Rounding(Statement s, string rounding) => rounding switch
    {
        "" or "rn" => a => a,
        "rni" => a => Math.Round(a, MidpointRounding.ToEven),
        "rzi" => Math.Truncate,
        "rmi" => Math.Floor,
        "rpi" => Math.Ceiling,
        _ => throw s.NotSupported(),
    };

    /// <summary>A number that does not fit becomes the nearest that does; NaN becomes 0.</summary>
    private static ulong ToInteger(PtxType to, double value)
    {
        if (double.IsNaN(value)) return 0;
        if (to is { Bits: 64, IsSigned: false }) return value <= 0 ? 0 : value >= 18446744073709551616.0 ? ulong.MaxValue : (ulong)value;
        if (to.Bits == 64) return (ulong)(value >= 9223372036854775808.0 ? long.MaxValue : Math.Max((long)value, long.MinValue));
        double least = to.IsSigned ? -Math.Pow(2, to.Bits - 1) : 0, most = Math.Pow(2, to.IsSigned ? to.Bits - 1 : to.Bits) - 1;
        return Fill(to, (long)Math.Clamp(value, least, most));
    }
}
