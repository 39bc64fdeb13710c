using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<GatedGelu>
{
    /// <summary>y = gelu_tanh(gate) * up.</summary>
    public void Run(in GatedGelu op, HostMatrix y)
    {
        HostMatrix gate = op.Gate.OnHost(), up = op.Up.OnHost();
        Map(default(GegluMap<V>), gate, up, up, y);
    }
}
