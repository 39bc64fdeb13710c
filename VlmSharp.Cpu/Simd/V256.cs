using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Eight floats: AVX2 and FMA. Sixteen registers.</summary>
internal unsafe partial struct V256(Vector256<float> value) : ISimd<V256>
{
    private Vector256<float> value = value;

    /// <summary>What it holds.</summary>
    public readonly Vector256<float> Value => value;

    public static int Count => 8;

    public static int Registers => 16;

    public static V256 Zero => new(Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V256 value) => value.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator +(V256 left, V256 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator -(V256 left, V256 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator *(V256 left, V256 right) => new(left.value * right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator /(V256 left, V256 right) => new(left.value / right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 MultiplyAdd(V256 a, V256 b, V256 c) => new(Vector256.MultiplyAddEstimate(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref V256 sum, V256 a, V256 b) => sum.value = Vector256.MultiplyAddEstimate(a.value, b.value, sum.value);

    // If x is NaN, x86 returns its second operand and Arm a NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Min(V256 bound, V256 x) => new(Vector256.MinNative(bound.value, x.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Max(V256 bound, V256 x) => new(Vector256.MaxNative(bound.value, x.value));

    // On x86 the instruction is exactly this comparison: if two numbers are equal or one is NaN, it returns the second operand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 TakeGreater(V256 x, V256 best) => new(Avx.IsSupported
        ? Avx.Max(x.value, best.value)
        : Vector256.ConditionalSelect(Vector256.GreaterThan(x.value, best.value), x.value, best.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(V256 x) => V128.Largest(V128.TakeGreater(new(x.value.GetLower()), new(x.value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Sqrt(V256 x) => new(Vector256.Sqrt(x.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 PowerOfTwo(V256 shifted) => new(((shifted.value.AsInt32() << 23) + Vector256.Create(127 << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(V256 x) => Vector256.Sum(x.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sums(V256 a, V256 b, V256 c, V256 d) => V128.Sums(Halves(a), Halves(b), Halves(c), Halves(d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V128 Halves(V256 x) => new(x.value.GetLower() + x.value.GetUpper());
}
