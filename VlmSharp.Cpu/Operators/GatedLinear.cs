using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<GatedLinear>
{
    /// <summary>y = gelu_tanh(x Wg^T) * (x Wu^T): both products together, so that x is packed once and y written once.</summary>
    public void Run(in GatedLinear op, HostMatrix y) =>
        MatrixProduct.Run<V>(context, op.X.OnHost(), op.Gate.OnHost(), op.Up.OnHost(), default, y);
}
