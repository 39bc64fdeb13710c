using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<CachedAttention>
{
    /// <summary>The equation of attention over the rows in each sequence's cache. The result feeds a product.</summary>
    public Matrix Run(in CachedAttention op, MatrixShape shape) =>
        Attend(op.Q, op.Step.OnDevice(), op.Layer, op.Spec, context.Arena.View, shape);
}
