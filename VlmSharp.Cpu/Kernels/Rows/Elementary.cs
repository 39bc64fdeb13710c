using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>
/// The elementary functions of the transformer on registers.
/// <code>
/// exp(x)       = 2^n exp(r),      n = round(x / ln 2), r = x - n ln 2 in two parts, exp(r) by its Taylor series, |r| &lt;= 0.35
/// exp2(x)      = 2^n 2^r,         n = round(x), r = x - n, exactly; 2^r by the polynomial of least error, |r| &lt;= 1/2
/// tanh(x)      = E / (E + 2),     E = exp(2x) - 1 = 2^n (exp(r) - 1) + (2^n - 1): exact to the last digits near 0 too
/// gelu_tanh(x) = x / (1 + exp(-2u)),  u = sqrt(2/pi) (x + 0.044715 x^3), since (1 + tanh u) / 2 = 1 / (1 + exp(-2u))
/// gelu_tanh'   = s (1 + x (1 - s) (2u)'),  s = 1 / (1 + exp(-2u)),  (2u)' = 2 sqrt(2/pi) (1 + 0.134145 x^2)
/// </code>
/// All are within a few units in the last place of fp32, and NaN stays NaN.
/// </summary>
internal static class Elementary
{
    /// <summary>log2 e: exp(x) = 2^(x log2 e).</summary>
    public const float Log2E = 1.44269504f;

    /// <summary>ln 2: 2^x = exp(x ln 2).</summary>
    public const float Ln2 = 0.693147181f;

    // ln 2 in two parts: the upper part has few digits, so that its product with n is exact.
    private const float Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

    // Adding this constant rounds to a whole number, which is then in the lowest bits of the sum.
    private const float RoundingShift = 1.5f * (1 << 23);

    // Beyond these exp leaves the normal numbers of fp32; the results stay finite and above 0.
    private const float LargestExponent = 88f, SmallestExponent = -87f;

    // tanh is 1 in fp32 long before 2x reaches this.
    private const float TanhBound = 20f;

    // Long before x reaches this bound, gelu_tanh' is 0 or 1 within the precision of fp32.
    private const float GeluBound = 12f;

    /// <summary>exp, with the argument clamped to [-87, 88].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x) where V : struct, IFloats<V>
    {
        x = V.Min(V.Broadcast(LargestExponent), V.Max(V.Broadcast(SmallestExponent), x));
        V fraction = ReducedExpMinus1(x, out V power);
        return V.MultiplyAdd(fraction, power, power);
    }

    /// <summary>
    /// 2^x for x up to 127, clamped at -126 from below. Cheaper than exp: one bound, and no product for the remainder of x.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2<V>(V x) where V : struct, IFloats<V>
    {
        x = V.Max(V.Broadcast(-126), x);
        V shifted = x + V.Broadcast(RoundingShift);
        V r = x - (shifted - V.Broadcast(RoundingShift));
        // p(0) = 1; the largest relative error on [-1/2, 1/2] is 2.6e-9 (Remez 1934), below the precision of fp32.
        V p = V.Broadcast(1.55946778e-4f);
        p = V.MultiplyAdd(p, r, V.Broadcast(1.34066434e-3f));
        p = V.MultiplyAdd(p, r, V.Broadcast(9.61769279e-3f));
        p = V.MultiplyAdd(p, r, V.Broadcast(5.55031039e-2f));
        p = V.MultiplyAdd(p, r, V.Broadcast(2.40226522e-1f));
        p = V.MultiplyAdd(p, r, V.Broadcast(6.93147242e-1f));
        return V.MultiplyAdd(p, r, V.Broadcast(1)) * V.PowerOfTwo(shifted);
    }

    /// <summary>tanh.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V>(V x) where V : struct, IFloats<V>
    {
        x = V.Min(V.Broadcast(TanhBound), V.Max(V.Broadcast(-TanhBound), x + x));
        V fraction = ReducedExpMinus1(x, out V power);
        V e = V.MultiplyAdd(fraction, power, power - V.Broadcast(1));
        return e / (e + V.Broadcast(2));
    }

    /// <summary>gelu_tanh.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluTanh<V>(V x) where V : struct, IFloats<V>
    {
        const float MinusTwoC = -2 * 0.7978845608f;
        V square = x * x;
        V cubic = V.MultiplyAdd(square, V.Broadcast(MinusTwoC * 0.044715f), V.Broadcast(MinusTwoC));
        return x / (V.Broadcast(1) + Exp(cubic * x));
    }

    /// <summary>gelu_tanh'.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluTanhDerivative<V>(V x) where V : struct, IFloats<V>
    {
        const float TwoC = 2 * 0.7978845608f;
        // Beyond the bound the result is 0 or 1 in fp32; within it no power of x overflows.
        x = V.Min(V.Broadcast(GeluBound), V.Max(V.Broadcast(-GeluBound), x));
        V square = x * x, one = V.Broadcast(1);
        V cubic = V.MultiplyAdd(square, V.Broadcast(-TwoC * 0.044715f), V.Broadcast(-TwoC));
        V sigma = one / (one + Exp(cubic * x));
        V slope = V.MultiplyAdd(square, V.Broadcast(TwoC * 3 * 0.044715f), V.Broadcast(TwoC)); // (2u)'
        return sigma * V.MultiplyAdd(x * slope, one - sigma, one);
    }

    // exp(r) - 1 and 2^n for x = n ln 2 + r.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ReducedExpMinus1<V>(V x, out V power) where V : struct, IFloats<V>
    {
        V shifted = V.MultiplyAdd(x, V.Broadcast(Log2E), V.Broadcast(RoundingShift));
        V n = shifted - V.Broadcast(RoundingShift);
        V r = V.MultiplyAdd(n, V.Broadcast(-Ln2High), x);
        r = V.MultiplyAdd(n, V.Broadcast(-Ln2Low), r);
        power = V.PowerOfTwo(shifted);

        V p = V.Broadcast(1f / 5040);
        p = V.MultiplyAdd(p, r, V.Broadcast(1f / 720));
        p = V.MultiplyAdd(p, r, V.Broadcast(1f / 120));
        p = V.MultiplyAdd(p, r, V.Broadcast(1f / 24));
        p = V.MultiplyAdd(p, r, V.Broadcast(1f / 6));
        p = V.MultiplyAdd(p, r, V.Broadcast(0.5f));
        return V.MultiplyAdd(p * r, r, r);
    }
}
