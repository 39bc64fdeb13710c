using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<Linear>
{
    /// <summary>y = act(x W^T + bias) + residual: one product, then the other operations while its sums are in the cache.</summary>
    public void Run(in Linear op, HostMatrix y)
    {
        fixed (float* bias = op.Bias is null ? default : op.Bias.OnHost().Vector())
        {
            var epilogue = new Epilogue { Bias = bias, Activation = op.Activation, Residual = op.Residual.OptionalOnHost() };
            MatrixProduct.Run<V>(context, op.X.OnHost(), op.Weight.OnHost(), null, epilogue, y);
        }
    }
}
