using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// Some outputs of a linear layer: y[t, i] = sum_j x[t, j] W[rows[i], j]. The kernels are those of the whole product, which find
/// the rows of W through a list. They sum each output in an order that does not depend on its place, so the results are those
/// of the whole product to the last bit.
/// </summary>
internal static unsafe class LinearRows
{
    public static void Run<V>(CpuContext context, HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y)
        where V : struct, ISimd<V>
    {
        fixed (int* places = rows) MatrixProduct.Run<V>(context, x, weight, null, default, y, places);
    }
}
