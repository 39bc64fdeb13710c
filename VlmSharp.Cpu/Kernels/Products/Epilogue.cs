using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The operations on the sums of a linear layer while they are still in the cache: y = act(sum + bias) + residual. Each of the three parts
/// is a loop over a piece of a row; the first and the last are usually absent.
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
    /// <param name="count">How many columns, at least 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Apply<V>(float* y, int row, int column, int count) where V : struct, ISimd<V>
    {
        if (Bias != null) RowMath.Map<V, AddMap<V>>(default, y, Bias + column, y, y, count);
        if (Activation == Activation.GeluTanh) RowMath.Map<V, GeluMap<V>>(default, y, y, y, y, count);
        if (Residual.HasValue) RowMath.Map<V, AddMap<V>>(default, y, Residual.RowPointer(row) + column, y, y, count);
    }
}
