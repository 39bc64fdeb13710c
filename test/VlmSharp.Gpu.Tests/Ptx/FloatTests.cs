namespace VlmSharp.Gpu.Tests.Ptx;

public class FloatTests
{
    private static readonly float[] Singles =
    [
        0, -0f, 1, -1, 0.5f, 1.5f, 2.5f, -2.5f, 3.1415927f, 1e-40f, 1e30f, -1e30f, 2147483648f, -2147483904f, 4294967296f, 1e20f,
        float.MaxValue, float.Epsilon, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    private static readonly double[] Doubles =
    [
        0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, Math.PI, 1e-310, 1e300, -1e300, 1e40, 9.3e18, -9.3e18, 1.9e19, double.MaxValue,
        double.Epsilon, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
    ];

    private static readonly ulong[] SingleBits = [.. Singles.Select(U)], DoubleBits = [.. Doubles.Select(U)];

    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double D(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static ulong U(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong U(double value) => BitConverter.DoubleToUInt64Bits(value);

    [Fact]
    public void Arithmetic_of_32_bits()
    {
        Snippet.Agrees("add.f32 d, a, b;", SingleBits, (a, b, _) => U(F(a) + F(b)));
        Snippet.Agrees("sub.f32 d, a, b;", SingleBits, (a, b, _) => U(F(a) - F(b)));
        Snippet.Agrees("mul.f32 d, a, b;", SingleBits, (a, b, _) => U(F(a) * F(b)));
        Snippet.Agrees("div.rn.f32 d, a, b;", SingleBits, (a, b, _) => U(F(a) / F(b)));
        Snippet.Agrees("fma.rn.f32 d, a, b, c;", SingleBits, (a, b, c) => U(MathF.FusedMultiplyAdd(F(a), F(b), F(c))));
        Snippet.Agrees("neg.f32 d, a;", SingleBits, (a, _, _) => a ^ 0x80000000);
        Snippet.Agrees("abs.f32 d, a;", SingleBits, (a, _, _) => a & 0x7fffffff);
        Snippet.Agrees("sqrt.rn.f32 d, a;", SingleBits, (a, _, _) => U(MathF.Sqrt(F(a))));
        Snippet.Agrees("rcp.rn.f32 d, a;", SingleBits, (a, _, _) => U(1 / F(a)));
        Snippet.Agrees("copysign.f32 d, a, b;", SingleBits, (a, b, _) => (b & 0x7fffffff) | (a & 0x80000000));
    }

    [Fact]
    public void Arithmetic_of_64_bits()
    {
        Snippet.Agrees("add.f64 d, a, b;", DoubleBits, (a, b, _) => U(D(a) + D(b)));
        Snippet.Agrees("sub.f64 d, a, b;", DoubleBits, (a, b, _) => U(D(a) - D(b)));
        Snippet.Agrees("mul.f64 d, a, b;", DoubleBits, (a, b, _) => U(D(a) * D(b)));
        Snippet.Agrees("div.rn.f64 d, a, b;", DoubleBits, (a, b, _) => U(D(a) / D(b)));
        Snippet.Agrees("fma.rn.f64 d, a, b, c;", DoubleBits, (a, b, c) => U(Math.FusedMultiplyAdd(D(a), D(b), D(c))));
        Snippet.Agrees("neg.f64 d, a;", DoubleBits, (a, _, _) => a ^ 0x8000000000000000);
        Snippet.Agrees("abs.f64 d, a;", DoubleBits, (a, _, _) => a & 0x7fffffffffffffff);
        Snippet.Agrees("sqrt.rn.f64 d, a;", DoubleBits, (a, _, _) => U(Math.Sqrt(D(a))));
    }

    [Fact]
    public void Of_a_number_and_a_NaN_the_smaller_and_the_larger_are_the_number()
    {
        Snippet.Agrees("min.f32 d, a, b;", SingleBits,
            (a, b, _) => float.IsNaN(F(a)) ? b : float.IsNaN(F(b)) ? a : U(MathF.Min(F(a), F(b))));
        Snippet.Agrees("max.f32 d, a, b;", SingleBits,
            (a, b, _) => float.IsNaN(F(a)) ? b : float.IsNaN(F(b)) ? a : U(MathF.Max(F(a), F(b))));
        Snippet.Agrees("min.f64 d, a, b;", DoubleBits,
            (a, b, _) => double.IsNaN(D(a)) ? b : double.IsNaN(D(b)) ? a : U(Math.Min(D(a), D(b))));
        Snippet.Agrees("max.f64 d, a, b;", DoubleBits,
            (a, b, _) => double.IsNaN(D(a)) ? b : double.IsNaN(D(b)) ? a : U(Math.Max(D(a), D(b))));
    }

    [Theory]
    [InlineData("ex2.approx.f32", "exp2")]
    [InlineData("lg2.approx.f32", "log2")]
    [InlineData("sin.approx.f32", "sin")]
    [InlineData("cos.approx.f32", "cos")]
    [InlineData("tanh.approx.f32", "tanh")]
    [InlineData("rsqrt.approx.f32", "rsqrt")]
    public void Approximate_functions_are_close_to_the_true_ones(string instruction, string function)
    {
        Func<double, double> f = function switch
        {
            "exp2" => x => Math.Pow(2, x),
            "log2" => Math.Log2,
            "sin" => Math.Sin,
            "cos" => Math.Cos,
            "tanh" => Math.Tanh,
            _ => x => 1 / Math.Sqrt(x),
        };
        float[] xs = [0.001f, 0.3f, 1, 2.7f, 10, float.NaN];
        ulong[] ys = Snippet.Evaluate(instruction + " d, a;", [.. xs.Select(x => (U(x), 0ul, 0ul))]);
        for (int i = 0; i < xs.Length; i++)
            if (float.IsNaN(xs[i])) Assert.True(float.IsNaN(F(ys[i])));
            else Assert.Equal(f(xs[i]), F(ys[i]), 1e-6 * Math.Max(1, Math.Abs(f(xs[i]))));
    }

    [Fact]
    public void Ordered_comparisons_with_a_NaN_are_false_and_unordered_ones_true()
    {
        var single = new (string, Func<float, float, bool>)[]
        {
            ("eq", (a, b) => a == b), ("lt", (a, b) => a < b), ("le", (a, b) => a <= b), ("gt", (a, b) => a > b), ("ge", (a, b) => a >= b),
            ("ne", (a, b) => a != b && !float.IsNaN(a) && !float.IsNaN(b)), ("neu", (a, b) => a != b),
            ("equ", (a, b) => a == b || float.IsNaN(a) || float.IsNaN(b)),
            ("ltu", (a, b) => !(a >= b)), ("leu", (a, b) => !(a > b)), ("gtu", (a, b) => !(a <= b)), ("geu", (a, b) => !(a < b)),
            ("nan", (a, b) => float.IsNaN(a) || float.IsNaN(b)), ("num", (a, b) => !float.IsNaN(a) && !float.IsNaN(b)),
        };
        foreach (var (name, f) in single)
            Snippet.Agrees($"setp.{name}.f32 p, a, b; selp.b32 d, 1, 0, p;", SingleBits, (a, b, _) => f(F(a), F(b)) ? 1ul : 0);
        Snippet.Agrees("setp.lt.f64 p, a, b; selp.b64 d, a, b, p;", DoubleBits, (a, b, _) => D(a) < D(b) ? a : b);
        Snippet.Agrees("setp.neu.f64 p, a, b; selp.b64 d, 1, 0, p;", DoubleBits, (a, b, _) => D(a) != D(b) ? 1ul : 0);
        Snippet.Agrees("testp.finite.f32 p, a; selp.b32 d, 1, 0, p;", SingleBits, (a, _, _) => float.IsFinite(F(a)) ? 1ul : 0);
        Snippet.Agrees("testp.infinite.f64 p, a; selp.b32 d, 1, 0, p;", DoubleBits, (a, _, _) => double.IsInfinity(D(a)) ? 1ul : 0);
    }

    [Fact]
    public void Integers_compare_with_and_without_signs()
    {
        ulong[] words = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff], longs = [0, 1, 0x7fffffffffffffff, 0x8000000000000000, ulong.MaxValue];
        Snippet.Agrees("setp.lt.s32 p, a, b; selp.b32 d, 1, 0, p;", words, (a, b, _) => (int)a < (int)b ? 1ul : 0);
        Snippet.Agrees("setp.ge.s32 p, a, b; selp.b32 d, 1, 0, p;", words, (a, b, _) => (int)a >= (int)b ? 1ul : 0);
        Snippet.Agrees("setp.lo.u32 p, a, b; selp.b32 d, 1, 0, p;", words, (a, b, _) => (uint)a < (uint)b ? 1ul : 0);
        Snippet.Agrees("setp.gt.s64 p, a, b; selp.b32 d, 1, 0, p;", longs, (a, b, _) => (long)a > (long)b ? 1ul : 0);
        Snippet.Agrees("setp.ls.u64 p, a, b; selp.b32 d, 1, 0, p;", longs, (a, b, _) => a <= b ? 1ul : 0);
        Snippet.Agrees("setp.ne.s32 q, c, 0; setp.ge.or.s32 p, a, b, q; selp.b32 d, 1, 0, p;", words,
            (a, b, c) => (int)a >= (int)b || c != 0 ? 1ul : 0);
        Snippet.Agrees("setp.eq.s32 p, a, b; setp.gt.u32 q, a, 0; and.pred p, p, q; not.pred p, p; selp.b32 d, 1, 0, p;", words,
            (a, b, _) => a == b && a > 0 ? 0ul : 1);
    }

    [Fact]
    public void Floats_become_integers_the_nearest_that_fit()
    {
        Snippet.Agrees("cvt.rzi.s32.f32 d, a;", SingleBits, (a, _, _) => (uint)(int)Saturate(F(a), int.MinValue, int.MaxValue));
        Snippet.Agrees("cvt.rzi.u32.f32 d, a;", SingleBits, (a, _, _) => (uint)Saturate(F(a), 0, uint.MaxValue));
        Snippet.Agrees("cvt.rni.s32.f32 d, a;", SingleBits,
            (a, _, _) => (uint)(int)Saturate(MathF.Round(F(a)), int.MinValue, int.MaxValue));
        Snippet.Agrees("cvt.rzi.s64.f64 d, a;", DoubleBits, (a, _, _) => (ulong)(long)Saturate(D(a), long.MinValue, long.MaxValue));
        Snippet.Agrees("cvt.rzi.u64.f64 d, a;", DoubleBits, (a, _, _) => (ulong)Saturate(D(a), 0, ulong.MaxValue));
        Snippet.Agrees("cvt.rmi.f32.f32 d, a;", SingleBits, (a, _, _) => U(MathF.Floor(F(a))));
        Snippet.Agrees("cvt.rpi.f64.f64 d, a;", DoubleBits, (a, _, _) => U(Math.Ceiling(D(a))));
    }

    [Fact]
    public void Floats_and_integers_become_floats()
    {
        ulong[] integers = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x1000001, 0x7fffffff, 0x80000000, 0xffffffff,
            0x20000000000001, 0x7fffffffffffffff, ulong.MaxValue];
        Snippet.Agrees("cvt.f64.f32 d, a;", SingleBits, (a, _, _) => U((double)F(a)));
        Snippet.Agrees("cvt.rn.f32.f64 d, a;", DoubleBits, (a, _, _) => U((float)D(a)));
        Snippet.Agrees("cvt.rn.f32.s32 d, a;", integers, (a, _, _) => U((float)(int)a));
        Snippet.Agrees("cvt.rn.f32.u32 d, a;", integers, (a, _, _) => U((float)(uint)a));
        Snippet.Agrees("cvt.rn.f32.s8 d, a;", integers, (a, _, _) => U((float)(sbyte)a));
        Snippet.Agrees("cvt.rn.f32.u16 d, a;", integers, (a, _, _) => U((float)(ushort)a));
        Snippet.Agrees("cvt.rn.f64.s64 d, a;", integers, (a, _, _) => U((double)(long)a));
        Snippet.Agrees("cvt.rn.f64.u64 d, a;", integers, (a, _, _) => U((double)a));
    }

    [Fact]
    public void Integers_change_their_width()
    {
        ulong[] values = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x12345678, 0x80000000, 0xffffffff, 0x123456789abcdef0,
            ulong.MaxValue];
        Snippet.Agrees("cvt.s64.s32 d, a;", values, (a, _, _) => (ulong)(int)a);
        Snippet.Agrees("cvt.u64.u32 d, a;", values, (a, _, _) => (uint)a);
        Snippet.Agrees("cvt.u32.u64 d, a;", values, (a, _, _) => (uint)a);
        Snippet.Agrees("cvt.s32.s8 d, a;", values, (a, _, _) => (uint)(sbyte)a);
        Snippet.Agrees("cvt.s32.u16 d, a;", values, (a, _, _) => (ushort)a);
        Snippet.Agrees("cvt.u8.s32 d, a;", values, (a, _, _) => (byte)a);
        Snippet.Agrees("cvt.s8.s32 d, a; cvt.s64.s8 d, d;", values, (a, _, _) => (ulong)(sbyte)a);
        Snippet.Agrees("cvt.s16.s64 d, a; cvt.s32.s16 d, d;", values, (a, _, _) => (uint)(short)a);
    }

    /// <summary>A number that does not fit becomes the nearest that does; NaN becomes 0.</summary>
    private static Int128 Saturate(double value, Int128 least, Int128 most)
    {
        if (double.IsNaN(value)) return 0;
        double whole = Math.Truncate(value);
        return whole <= (double)least ? least : whole >= (double)most ? most : (Int128)whole;
    }
}
