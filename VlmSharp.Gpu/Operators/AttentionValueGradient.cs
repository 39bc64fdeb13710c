using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AttentionValueGradient>
{
    private static readonly Kernel<GradientArgs>
        AttentionValueGradientKernel = new("attention gradient, values", AttentionGradient.Kernel<ValueSide>, GradientTile.Threads),
        LargeValueGradientKernel = new("large heads, values", LargeHeadGradient.Kernel<ValueSide>, LargeHeadGradient.Threads);

    /// <summary>dV_j = sum_i p_ij dY_i, over all heads that read the value.</summary>
    public Matrix Run(in AttentionValueGradient op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient), q = context.Widen(op.Q), k = context.Widen(op.K);
        return KeyValueGradient(AttentionValueGradientKernel, LargeValueGradientKernel, op.Step.OnDevice(), op.Spec, new GradientArgs
        {
            Gradient = gradient.Floats(),
            Q = q.Floats(),
            K = k.Floats(),
            Statistics = op.Statistics.Floats(),
        });
    }
}
