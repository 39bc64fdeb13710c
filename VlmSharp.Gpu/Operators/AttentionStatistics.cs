using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AttentionStatistics>
{
    private static readonly Kernel<GradientArgs>
        AttentionStatisticsKernel = new("attention statistics", AttentionRowStatistics.Kernel, GradientTile.Threads),
        LargeStatisticsKernel = new("large heads, statistics", LargeHeadGradient.Statistics<TCore>, LargeHeadGradient.Threads);

    /// <summary>The kernels of the attention gradients.</summary>
    private static IReadOnlyList<Kernel> AttentionGradientKernels =>
    [
        AttentionStatisticsKernel, AttentionResidualsKernel,
        AttentionQueryGradientKernel, AttentionKeyGradientKernel, AttentionValueGradientKernel,
        LargeStatisticsKernel, LargeQueryGradientKernel, LargeKeyGradientKernel, LargeValueGradientKernel,
    ];

    /// <summary>l_i = log sum_j exp(s_ij) and d_i = dY_i . y_i, for each row and head.</summary>
    public Matrix Run(in AttentionStatistics op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient), output = context.Widen(op.Y), q = context.Widen(op.Q), k = context.Widen(op.K);
        Matrix y = Allocate(shape); // [T, 2 * H]
        LaunchGradient(AttentionStatisticsKernel, LargeStatisticsKernel, op.Step.OnDevice(), op.Spec, new GradientArgs
        {
            Gradient = gradient.Floats(),
            Q = q.Floats(),
            K = k.Floats(),
            Output = output.Floats(),
            Statistics = y.Floats(),
        });
        return y;
    }

    /// <summary>A group for each 16 rows of each sequence and each query head, or for each row if heads are large.</summary>
    private void LaunchGradient(
        Kernel<GradientArgs> kernel, Kernel<GradientArgs> large, DeviceStepTable step, in AttentionSpec spec, GradientArgs args)
    {
        args.Sequences = step.Sequences;
        args.Rows = step.Rows;
        (args.Heads, args.KvHeads, args.HeadDim, args.Window) = (spec.Heads, spec.KvHeads, spec.HeadDim, spec.Window);
        (args.Scale, args.SoftCap, args.InverseSoftCap) = (spec.Scale, spec.SoftCap, spec.SoftCap > 0 ? 1 / spec.SoftCap : 0);
        int tiles = (step.MostRows + GradientTile.Owned - 1) / GradientTile.Owned;
        if (spec.HeadDim > GradientTile.MostHeadDim) Launch(large, new LaunchGrid(step.MostRows, spec.Heads, step.Slices), args);
        else Launch(kernel, new LaunchGrid(tiles, spec.Heads, step.Slices), args);
    }
}
