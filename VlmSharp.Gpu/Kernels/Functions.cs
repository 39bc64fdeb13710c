using ILGPU;
using ILGPU.Algorithms;

namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// The elementary functions of the transformer. The device's own tanh has only 11 correct bits, so tanh is computed from exp.
/// <code>
/// gelu_tanh(x) = x / (1 + exp(-2u)),  u = sqrt(2/pi) (x + 0.044715 x^3), since (1 + tanh u) / 2 = 1 / (1 + exp(-2u))
/// gelu_tanh'(x) = s + 2 x s (1 - s) u',  s = 1 / (1 + exp(-2u)),  u' = sqrt(2/pi) (1 + 0.134145 x^2)
/// tanh(x)      = 1 - 2 / (exp(2x) + 1), of |x|; near 0 by its series, where the subtraction would leave no digits
/// </code>
/// </summary>
internal static class Functions
{
    /// <summary>e^x.</summary>
    public static float Exp(float x) => XMath.Exp(x);

    /// <summary>The natural logarithm.</summary>
    public static float Log(float x) => XMath.Log(x);

    /// <summary>
    /// x, or -infinity if x is NaN, which is tested by its bits. ILGPU inverts comparisons that are branches, and its OpenCL then ignores
    /// that a NaN is neither above nor below.
    /// </summary>
    public static float NumberOrLowest(float x) => (Interop.FloatAsInt(x) & 0x7fffffffu) > 0x7f800000u ? float.NegativeInfinity : x;

    /// <summary>gelu_tanh (Hendrycks and Gimpel 2016).</summary>
    public static float GeluTanh(float x)
    {
        const float MinusTwoC = -2 * 0.7978845608f;
        return x / (1 + Exp(MinusTwoC * (x + 0.044715f * x * x * x)));
    }

    /// <summary>The derivative of <see cref="GeluTanh"/>. Far out, where x^2 could overflow, it is 0 or 1.</summary>
    public static float GeluTanhDerivative(float x)
    {
        const float TwoC = 2 * 0.7978845608f;
        float square = x * x, e = Exp(-TwoC * (x + 0.044715f * x * square)), share = 1 / (1 + e);
        if (e == 0) return 1;
        if (share == 0) return 0;
        return share + x * share * (e * share) * (TwoC * (1 + 0.134145f * square));
    }

    /// <summary>tanh; NaN stays NaN.</summary>
    public static float Tanh(float x)
    {
        // x - x^3/3 + 2x^5/15 - 17x^7/315 + 62x^9/2835 - 1382x^11/155925
        const float C3 = -0.333333333f, C5 = 0.133333333f, C7 = -0.0539682540f, C9 = 0.0218694885f, C11 = -0.00886323553f;
        float a = x < 0 ? -x : x, square = x * x;
        if (a < 0.3f) return x * (1 + square * (C3 + square * (C5 + square * (C7 + square * (C9 + square * C11)))));
        float e = Exp(a + a) + 1;
        float y = 1 - 2 / e;
        return x < 0 ? -y : y;
    }

    /// <summary>cap * tanh(x / cap), or x without a cap.</summary>
    public static float Capped(float x, float cap) => cap > 0 ? cap * Tanh(x / cap) : x;
}
