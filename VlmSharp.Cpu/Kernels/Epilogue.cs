using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu;

/// <summary>
/// What follows the sums of a linear layer while they are still in the cache: y = act(sum + bias) + residual. The three parts are
/// one loop each over a piece of a row, of which the first and the last are usually left out.
/// </summary>
internal unsafe struct Epilogue
{
    /// <summary>[out] or null.</summary>
    public float* Bias;

    /// <summary>act.</summary>
    public Activation Activation;

    /// <summary>[T, out] or <c>default</c>.</summary>
    public HostMatrix Residual;

    /// <summary>Turns sums into results, in place.</summary>
    /// <param name="y">The results of row <paramref name="row"/>, columns <paramref name="column"/> and following.</param>
    /// <param name="row">Row of the result.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Apply<V>(float* y, int row, int column, int count) where V : struct, ISimd<V>
    {
        if (Bias != null) RowMath.Map<V, AddMap<V>>(default, y, Bias + column, y, y, count);
        if (Activation == Activation.GeluTanh) RowMath.Map<V, GeluMap<V>>(default, y, y, y, y, count);
        if (Residual.HasValue) RowMath.Map<V, AddMap<V>>(default, y, Residual.RowPointer(row) + column, y, y, count);
    }
}

/// <summary>a + b.</summary>
internal readonly struct AddMap<V> : IMap<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => a + b;

    /// <summary>y[j] = a[j] + b[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* a, float* b, float* y, int count) => RowMath.Map<V, AddMap<V>>(default, a, b, b, y, count);
}

/// <summary>gelu_tanh(a).</summary>
internal readonly struct GeluMap<V> : IMap<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => Elementary.GeluTanh(a);
}

/// <summary>gelu_tanh(a) * b.</summary>
internal readonly struct GegluMap<V> : IMap<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply(V a, V b, V c) => Elementary.GeluTanh(a) * b;

    /// <summary>y[j] = gelu_tanh(gate[j]) * up[j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* gate, float* up, float* y, int count) => RowMath.Map<V, GegluMap<V>>(default, gate, up, up, y, count);
}
