using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<Add>
{
    /// <summary>y = a + b.</summary>
    public void Run(in Add op, HostMatrix y)
    {
        HostMatrix a = op.A.OnHost(), b = op.B.OnHost();
        Map(default(AddMap<V>), a, b, b, y);
    }
}
