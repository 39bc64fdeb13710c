using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<SoftCap>
{
    /// <summary>y = cap * tanh(x / cap).</summary>
    public void Run(in SoftCap op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        Map(new SoftCapMap<V>(op.Cap), x, x, x, y);
    }
}
