using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LinearRows>
{
    /// <summary>y[t, i] = sum_j x[t, j] W[rows[i], j]: the product's own loops over the selected rows of W.</summary>
    public void Run(in LinearRows op, HostMatrix y)
    {
        fixed (int* rows = op.Rows.OnHost())
            MatrixProduct.Run<V>(context, op.X.OnHost(), op.Weight.OnHost(), null, default, y, rows);
    }
}
