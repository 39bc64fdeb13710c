using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Sixteen floats: AVX-512. Thirty-two registers.</summary>
internal unsafe partial struct V512(Vector512<float> value) : ISimd<V512>
{
    private Vector512<float> value = value;

    public static int Count => 16;

    public static int Registers => 32;

    public static V512 Zero => new(Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V512 value) => value.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator +(V512 left, V512 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator -(V512 left, V512 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator *(V512 left, V512 right) => new(left.value * right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator /(V512 left, V512 right) => new(left.value / right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 MultiplyAdd(V512 a, V512 b, V512 c) => new(Vector512.MultiplyAddEstimate(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref V512 sum, V512 a, V512 b) => sum.value = Vector512.MultiplyAddEstimate(a.value, b.value, sum.value);

    // If x is NaN, x86 returns its second operand and Arm a NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Min(V512 bound, V512 x) => new(Vector512.MinNative(bound.value, x.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Max(V512 bound, V512 x) => new(Vector512.MaxNative(bound.value, x.value));

    // On x86 the instruction is exactly this comparison: if two numbers are equal or one is NaN, it returns the second operand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 TakeGreater(V512 x, V512 best) => new(Avx512F.IsSupported
        ? Avx512F.Max(x.value, best.value)
        : Vector512.ConditionalSelect(Vector512.GreaterThan(x.value, best.value), x.value, best.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(V512 x) => V256.Largest(V256.TakeGreater(new(x.value.GetLower()), new(x.value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Sqrt(V512 x) => new(Vector512.Sqrt(x.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 PowerOfTwo(V512 shifted) => new(((shifted.value.AsInt32() << 23) + Vector512.Create(127 << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(V512 x) => Vector512.Sum(x.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sums(V512 a, V512 b, V512 c, V512 d) => V256.Sums(Halves(a), Halves(b), Halves(c), Halves(d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V256 Halves(V512 x) => new(x.value.GetLower() + x.value.GetUpper());
}
