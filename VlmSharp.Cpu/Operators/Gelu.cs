using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<Gelu>
{
    /// <summary>y = gelu_tanh(x).</summary>
    public void Run(in Gelu op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        Map(default(GeluMap<V>), x, x, x, y);
    }
}
