using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>a + b.</summary>
internal readonly struct AddMap<V> : IMap<V> where V : struct, IFloats<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => a + b;

    /// <summary>y[j] = a[j] + b[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* a, float* b, float* y, int count) => RowMath.Map<V, AddMap<V>>(default, a, b, b, y, count);
}

/// <summary>gelu_tanh(a).</summary>
internal readonly struct GeluMap<V> : IMap<V> where V : struct, IFloats<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => Elementary.GeluTanh(a);
}

/// <summary>gelu_tanh(a) * b.</summary>
internal readonly struct GegluMap<V> : IMap<V> where V : struct, IFloats<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => Elementary.GeluTanh(a) * b;

    /// <summary>y[j] = gelu_tanh(gate[j]) * up[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* gate, float* up, float* y, int count) => RowMath.Map<V, GegluMap<V>>(default, gate, up, up, y, count);
}

/// <summary>a * factor.</summary>
internal struct ScaleMap<V> : IMap<V> where V : struct, IFloats<V>
{
    private V factor;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Apply(V a, V b, V c) => a * factor;

    /// <summary>y[j] = a[j] * factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* a, float factor, float* y, int count) =>
        RowMath.Map<V, ScaleMap<V>>(new() { factor = V.Broadcast(factor) }, a, a, a, y, count);
}

/// <summary>cap * tanh(a / cap).</summary>
internal struct SoftCapMap<V> : IMap<V> where V : struct, ISimd<V>
{
    private V cap, inverse;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Apply(V a, V b, V c) => cap * Elementary.Tanh(a * inverse);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* x, float cap, float* y, int count) =>
        RowMath.Map<V, SoftCapMap<V>>(new() { cap = V.Broadcast(cap), inverse = V.Broadcast(1 / cap) }, x, x, x, y, count);
}

/// <summary>exp(a - largest).</summary>
internal struct ExpMap<V> : IMap<V> where V : struct, ISimd<V>
{
    public V Largest;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Apply(V a, V b, V c) => Elementary.Exp(a - Largest);
}
