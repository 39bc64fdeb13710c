using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LinearInputGradient>
{
    /// <summary>dX = dY W: the weight's rows are widened in place, whatever their format.</summary>
    public void Run(in LinearInputGradient op, HostMatrix y)
    {
        HostWeight weight = op.Weight.OnHost();
        GradientProduct<V>.Run(context, op.Gradient.OnHost(), false, new WeightRows(weight), y, default);
        GC.KeepAlive(weight);
    }
}
