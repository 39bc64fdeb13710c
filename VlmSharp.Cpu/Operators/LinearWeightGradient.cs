using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LinearWeightGradient>
{
    /// <summary>dW = dY^T X + sum.</summary>
    public void Run(in LinearWeightGradient op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        GradientProduct<V>.Run(context, op.Gradient.OnHost(), true, new WeightRows(x.Data, x.Columns), y, op.Sum.OptionalOnHost());
    }
}
