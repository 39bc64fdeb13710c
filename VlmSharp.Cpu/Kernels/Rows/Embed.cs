using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>Embedding lookup: y[t] = scale * table[ids[t]], widened from the table's storage format.</summary>
internal static unsafe class Embed
{
    public static void Run<V>(CpuContext context, HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y) where V : struct, ISimd<V>
    {
        for (int t = 0; t < ids.Length; t++)
        {
            MatrixProduct.Widen<V>(table, ids[t], y.RowPointer(t));
            ScaleMap<V>.Run(y.RowPointer(t), scale, y.RowPointer(t), y.Columns);
        }
    }
}
