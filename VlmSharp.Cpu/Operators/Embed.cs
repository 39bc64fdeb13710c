using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<Embed>
{
    /// <summary>y[t] = scale * table[id_t].</summary>
    public void Run(in Embed op, HostMatrix y)
    {
        HostWeight table = op.Table.OnHost();
        ReadOnlySpan<int> ids = op.Ids.OnHost();
        for (int t = 0; t < ids.Length; t++)
        {
            MatrixProduct.Widen<V>(table, op.IdOf(ids[t]), y.RowPointer(t));
            ScaleMap<V>.Run(y.RowPointer(t), op.Scale, y.RowPointer(t), y.Columns);
        }
    }
}
