using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AttentionQueryGradient>
{
    private static readonly Kernel<GradientArgs>
        AttentionQueryGradientKernel = new("attention gradient, queries", AttentionGradient.Kernel<QuerySide>, GradientTile.Threads),
        LargeQueryGradientKernel = new("large heads, queries", LargeHeadGradient.Kernel<QuerySide>, LargeHeadGradient.Threads);

    /// <summary>dQ_i = sum_j ds_ij k_j.</summary>
    public Matrix Run(in AttentionQueryGradient op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient), q = context.Widen(op.Q), k = context.Widen(op.K), v = context.Widen(op.V);
        Matrix y = Allocate(shape); // [T, H * D]
        LaunchGradient(AttentionQueryGradientKernel, LargeQueryGradientKernel, op.Step.OnDevice(), op.Spec, new GradientArgs
        {
            Gradient = gradient.Floats(),
            Q = q.Floats(),
            K = k.Floats(),
            V = v.Floats(),
            Statistics = op.Statistics.Floats(),
            Y = y.Floats(),
        });
        return y;
    }
}
