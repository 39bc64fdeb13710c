using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Four floats: SSE on x86, NEON on ARM64. Sixteen registers are certain.</summary>
internal unsafe partial struct V128(Vector128<float> value) : ISimd<V128>
{
    private Vector128<float> value = value;

    /// <summary>What it holds.</summary>
    public readonly Vector128<float> Value => value;

    public static int Count => 4;

    public static int Registers => 16;

    public static V128 Zero => new(Vector128<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V128 value) => value.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator +(V128 left, V128 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator -(V128 left, V128 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator *(V128 left, V128 right) => new(left.value * right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator /(V128 left, V128 right) => new(left.value / right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 MultiplyAdd(V128 a, V128 b, V128 c) => new(Vector128.MultiplyAddEstimate(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref V128 sum, V128 a, V128 b) => sum.value = Vector128.MultiplyAddEstimate(a.value, b.value, sum.value);

    // If x is NaN, x86 returns its second operand and Arm a NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Min(V128 bound, V128 x) => new(Vector128.MinNative(bound.value, x.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Max(V128 bound, V128 x) => new(Vector128.MaxNative(bound.value, x.value));

    // On x86 the instruction is exactly this comparison: if two numbers are equal or one is NaN, it returns the second operand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 TakeGreater(V128 x, V128 best) => new(Sse.IsSupported
        ? Sse.Max(x.value, best.value)
        : Vector128.ConditionalSelect(Vector128.GreaterThan(x.value, best.value), x.value, best.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(V128 x)
    {
        x = TakeGreater(new(Vector128.Shuffle(x.value, Vector128.Create(2, 3, 0, 1))), x);
        return TakeGreater(new(Vector128.Shuffle(x.value, Vector128.Create(1, 0, 3, 2))), x).value.ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sqrt(V128 x) => new(Vector128.Sqrt(x.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 PowerOfTwo(V128 shifted) => new(((shifted.value.AsInt32() << 23) + Vector128.Create(127 << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(V128 x) => Vector128.Sum(x.value);

    // Adds neighbors, then neighbors of the results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sums(V128 a, V128 b, V128 c, V128 d)
    {
        if (Sse3.IsSupported) return new(Sse3.HorizontalAdd(Sse3.HorizontalAdd(a.value, b.value), Sse3.HorizontalAdd(c.value, d.value)));
        if (AdvSimd.Arm64.IsSupported)
            return new(AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a.value, b.value), AdvSimd.Arm64.AddPairwise(c.value, d.value)));
        return new(Vector128.Create(Sum(a), Sum(b), Sum(c), Sum(d)));
    }
}
