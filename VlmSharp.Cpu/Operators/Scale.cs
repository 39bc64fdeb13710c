using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<Scale>
{
    /// <summary>y = factor * x.</summary>
    public void Run(in Scale op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        Map(new ScaleMap<V>(op.Factor), x, x, x, y);
    }
}
