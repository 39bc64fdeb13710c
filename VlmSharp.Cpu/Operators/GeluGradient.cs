using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<GeluGradient>
{
    /// <summary>dX = dY * factor * gelu'(x).</summary>
    public void Run(in GeluGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost();
        if (op.Factor.HasValue) Map(default(GegluGradientMap<V>), dy, x, op.Factor.OnHost(), y);
        else Map(default(GeluGradientMap<V>), dy, x, x, y);
    }
}
