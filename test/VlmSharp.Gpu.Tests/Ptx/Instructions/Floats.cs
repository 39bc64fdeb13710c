using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Instructions;

/// <summary>
/// Arithmetic of fp32 and fp64. The approximate functions are computed exactly here and rounded: a GPU's may differ in the last bits.
/// </summary>
internal static class Floats
{
    public static Execute? Decode(Statement s)
    {
        if (s.Has("ftz") || s.Has("sat") || s.Has("rz") || s.Has("rm") || s.Has("rp")) return null;
        return s.Type switch
        {
            { IsFloat: true, Bits: 32 } => Decode32(s),
            { IsFloat: true, Bits: 64 } => Decode64(s),
            _ => null,
        };
    }

    private static Execute? Decode32(Statement s) => s.Parts[0] switch
    {
        "add" => Binary(s, (a, b) => a + b),
        "sub" => Binary(s, (a, b) => a - b),
        "mul" => Binary(s, (a, b) => a * b),
        "div" => Binary(s, (a, b) => a / b),
        "fma" or "mad" => Lanewise.Ternary(s, (a, b, c) => U(MathF.FusedMultiplyAdd(F(a), F(b), F(c)))),
        "min" => Binary(s, (a, b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Min(a, b)),
        "max" => Binary(s, (a, b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Max(a, b)),
        "neg" => Unary(s, a => -a),
        "abs" => Unary(s, MathF.Abs),
        "sqrt" => Unary(s, MathF.Sqrt),
        "rcp" => Unary(s, a => 1 / a),
        "rsqrt" => Unary(s, a => (float)(1 / Math.Sqrt(a))),
        "ex2" => Unary(s, a => (float)Math.Pow(2, a)),
        "lg2" => Unary(s, a => (float)Math.Log2(a)),
        "sin" => Unary(s, a => (float)Math.Sin(a)),
        "cos" => Unary(s, a => (float)Math.Cos(a)),
        "tanh" => Unary(s, a => (float)Math.Tanh(a)),
        "copysign" => Binary(s, (sign, a) => MathF.CopySign(a, sign)),
        _ => null,
    };

    private static Execute? Decode64(Statement s) => s.Parts[0] switch
    {
        "add" => Binary(s, (double a, double b) => a + b),
        "sub" => Binary(s, (double a, double b) => a - b),
        "mul" => Binary(s, (double a, double b) => a * b),
        "div" => Binary(s, (double a, double b) => a / b),
        "fma" or "mad" => Lanewise.Ternary(s, (a, b, c) => U(Math.FusedMultiplyAdd(D(a), D(b), D(c)))),
        "min" => Binary(s, (double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Min(a, b)),
        "max" => Binary(s, (double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Max(a, b)),
        "neg" => Unary(s, (double a) => -a),
        "abs" => Unary(s, (double a) => Math.Abs(a)),
        "sqrt" => Unary(s, (double a) => Math.Sqrt(a)),
        "rcp" => Unary(s, (double a) => 1 / a),
        "rsqrt" => Unary(s, (double a) => 1 / Math.Sqrt(a)),
        "copysign" => Binary(s, (double sign, double a) => Math.CopySign(a, sign)),
        _ => null,
    };

    private static float F(ulong register) => BitConverter.UInt32BitsToSingle((uint)register);

    private static double D(ulong register) => BitConverter.UInt64BitsToDouble(register);

    private static ulong U(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong U(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static Execute Unary(Statement s, Func<float, float> f) => Lanewise.Unary(s, a => U(f(F(a))));

    private static Execute Unary(Statement s, Func<double, double> f) => Lanewise.Unary(s, a => U(f(D(a))));

    private static Execute Binary(Statement s, Func<float, float, float> f) => Lanewise.Binary(s, (a, b) => U(f(F(a), F(b))));

    private static Execute Binary(Statement s, Func<double, double, double> f) => Lanewise.Binary(s, (a, b) => U(f(D(a), D(b))));
}
