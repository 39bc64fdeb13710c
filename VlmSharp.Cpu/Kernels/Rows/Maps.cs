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

/// <summary>a * b.</summary>
internal readonly struct MultiplyMap<V> : IMap<V> where V : struct, IFloats<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => a * b;
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
    public static unsafe void Run(float* gate, float* up, float* y, int count) =>
        RowMath.Map<V, GegluMap<V>>(default, gate, up, up, y, count);
}

/// <summary>a * gelu'(b).</summary>
internal readonly struct GeluGradientMap<V> : IMap<V> where V : struct, IFloats<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => a * Elementary.GeluTanhDerivative(b);
}

/// <summary>a * gelu'(b) * c.</summary>
internal readonly struct GegluGradientMap<V> : IMap<V> where V : struct, IFloats<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => a * c * Elementary.GeluTanhDerivative(b);
}

/// <summary>a * factor.</summary>
internal readonly struct ScaleMap<V>(float factor) : IMap<V> where V : struct, IFloats<V>
{
    private readonly V factor = V.Broadcast(factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => a * factor;

    /// <summary>y[j] = a[j] * factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* a, float factor, float* y, int count) =>
        RowMath.Map<V, ScaleMap<V>>(new(factor), a, a, a, y, count);
}

/// <summary>b + a * factor.</summary>
internal readonly struct AddMultipleMap<V>(float factor) : IMap<V> where V : struct, IFloats<V>
{
    private readonly V factor = V.Broadcast(factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => V.MultiplyAdd(a, factor, b);
}

/// <summary>cap * tanh(a / cap).</summary>
internal readonly struct SoftCapMap<V>(float cap) : IMap<V> where V : struct, ISimd<V>
{
    private readonly V cap = V.Broadcast(cap), inverse = V.Broadcast(1 / cap);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => cap * Elementary.Tanh(a * inverse);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* x, float cap, float* y, int count) =>
        RowMath.Map<V, SoftCapMap<V>>(new(cap), x, x, x, y, count);
}

/// <summary>a * (1 - (b / cap)^2): the soft-cap's derivative, from its result b.</summary>
internal readonly struct SoftCapGradientMap<V>(float cap) : IMap<V> where V : struct, IFloats<V>
{
    private readonly V inverse = V.Broadcast(1 / cap);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c)
    {
        V share = b * inverse;
        return a * (V.Broadcast(1) - share * share);
    }
}

/// <summary>exp(a - largest).</summary>
internal struct ExpMap<V> : IMap<V> where V : struct, ISimd<V>
{
    public V Largest;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Apply(V a, V b, V c) => Elementary.Exp(a - Largest);
}

/// <summary>2^(a - largest).</summary>
internal struct PowerMap<V> : IMap<V> where V : struct, ISimd<V>
{
    public V Largest;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Apply(V a, V b, V c) => Elementary.Exp2(a - Largest);
}
