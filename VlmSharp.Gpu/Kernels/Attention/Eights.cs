using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Eight numbers at a time, in registers.</summary>
internal static class Eights
{
    /// <summary>Loads two chunks of four numbers.</summary>
    public static F8 Load(ArrayView<F4> chunks, long at)
    {
        F4 low = chunks[at], high = chunks[at + 1];
        return new F8 { A = low.X, B = low.Y, C = low.Z, D = low.W, E = high.X, F = high.Y, G = high.Z, H = high.W };
    }

    /// <summary>Loads eight numbers of a matrix in fp32; numbers from <paramref name="count"/> on are zeros.</summary>
    /// <param name="x">fp32, in global or in shared memory.</param>
    /// <param name="at">The index of the first number.</param>
    /// <param name="count">How many numbers there are; any value.</param>
    /// <param name="isAligned">Whether there are always eight, in whole chunks.</param>
    public static F8 Load(ArrayView<float> x, long at, int count, bool isAligned)
    {
        if (isAligned) return Load(x.Cast<F4>(), at >> 2);
        F8 y = default;
        if (count > 0) y.A = x[at];
        if (count > 1) y.B = x[at + 1];
        if (count > 2) y.C = x[at + 2];
        if (count > 3) y.D = x[at + 3];
        if (count > 4) y.E = x[at + 4];
        if (count > 5) y.F = x[at + 5];
        if (count > 6) y.G = x[at + 6];
        if (count > 7) y.H = x[at + 7];
        return y;
    }

    /// <summary>Loads eight numbers of a row of keys or values in the same way.</summary>
    public static F8 Load<TKv>(ArrayView<U4> memory, long at, int count, bool isAligned) where TKv : struct, IKvFormat
    {
        if (isAligned) return TKv.GetEight(memory, at);
        F8 y = default;
        if (count > 0) y.A = TKv.Get(memory, at);
        if (count > 1) y.B = TKv.Get(memory, at + 1);
        if (count > 2) y.C = TKv.Get(memory, at + 2);
        if (count > 3) y.D = TKv.Get(memory, at + 3);
        if (count > 4) y.E = TKv.Get(memory, at + 4);
        if (count > 5) y.F = TKv.Get(memory, at + 5);
        if (count > 6) y.G = TKv.Get(memory, at + 6);
        if (count > 7) y.H = TKv.Get(memory, at + 7);
        return y;
    }

    /// <summary>x . y.</summary>
    public static float Dot(F8 x, F8 y) => x.A * y.A + x.B * y.B + x.C * y.C + x.D * y.D + x.E * y.E + x.F * y.F + x.G * y.G + x.H * y.H;

    /// <summary>sum + x * factor.</summary>
    public static F8 Add(F8 sum, F8 x, float factor) => new()
    {
        A = sum.A + x.A * factor,
        B = sum.B + x.B * factor,
        C = sum.C + x.C * factor,
        D = sum.D + x.D * factor,
        E = sum.E + x.E * factor,
        F = sum.F + x.F * factor,
        G = sum.G + x.G * factor,
        H = sum.H + x.H * factor,
    };

    /// <summary>sum + x * factor where x is not 0: a weight of 0 has no influence, even if the factor is NaN.</summary>
    public static F8 AddWeighted(F8 sum, F8 x, float factor) => new()
    {
        A = x.A == 0 ? sum.A : sum.A + x.A * factor,
        B = x.B == 0 ? sum.B : sum.B + x.B * factor,
        C = x.C == 0 ? sum.C : sum.C + x.C * factor,
        D = x.D == 0 ? sum.D : sum.D + x.D * factor,
        E = x.E == 0 ? sum.E : sum.E + x.E * factor,
        F = x.F == 0 ? sum.F : sum.F + x.F * factor,
        G = x.G == 0 ? sum.G : sum.G + x.G * factor,
        H = x.H == 0 ? sum.H : sum.H + x.H * factor,
    };

    /// <summary>x * y, number by number.</summary>
    public static F8 Multiply(F8 x, F8 y) => new()
    {
        A = x.A * y.A,
        B = x.B * y.B,
        C = x.C * y.C,
        D = x.D * y.D,
        E = x.E * y.E,
        F = x.F * y.F,
        G = x.G * y.G,
        H = x.H * y.H,
    };

    /// <summary>x + y, number by number.</summary>
    public static F8 Plus(F8 x, F8 y) => new()
    {
        A = x.A + y.A,
        B = x.B + y.B,
        C = x.C + y.C,
        D = x.D + y.D,
        E = x.E + y.E,
        F = x.F + y.F,
        G = x.G + y.G,
        H = x.H + y.H,
    };

    /// <summary>The larger of two, number by number.</summary>
    public static F8 Max(F8 x, F8 y) => new()
    {
        A = IntrinsicMath.Max(x.A, y.A),
        B = IntrinsicMath.Max(x.B, y.B),
        C = IntrinsicMath.Max(x.C, y.C),
        D = IntrinsicMath.Max(x.D, y.D),
        E = IntrinsicMath.Max(x.E, y.E),
        F = IntrinsicMath.Max(x.F, y.F),
        G = IntrinsicMath.Max(x.G, y.G),
        H = IntrinsicMath.Max(x.H, y.H),
    };

    /// <summary>The same number eight times.</summary>
    public static F8 All(float x) => new() { A = x, B = x, C = x, D = x, E = x, F = x, G = x, H = x };

    /// <summary>Writes two chunks of four.</summary>
    public static void Store(ArrayView<F4> chunks, long at, F8 x)
    {
        chunks[at] = new F4 { X = x.A, Y = x.B, Z = x.C, W = x.D };
        chunks[at + 1] = new F4 { X = x.E, Y = x.F, Z = x.G, W = x.H };
    }

    /// <summary>Whether x is neither infinite nor NaN.</summary>
    public static bool IsFinite(float x) => (Interop.FloatAsInt(x) & 0x7f800000u) != 0x7f800000u;
}
