using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<SoftCapGradient>
{
    /// <summary>dX = dY * (1 - (y / cap)^2).</summary>
    public void Run(in SoftCapGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), capped = op.Y.OnHost();
        Map(new SoftCapGradientMap<V>(op.Cap), dy, capped, capped, y);
    }
}
