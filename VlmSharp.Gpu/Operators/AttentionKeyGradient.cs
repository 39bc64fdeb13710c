using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AttentionKeyGradient>
{
    private static readonly Kernel<GradientArgs>
        AttentionResidualsKernel = new("attention residuals", AttentionResiduals.Kernel, GradientTile.Threads),
        AttentionKeyGradientKernel = new("attention gradient, keys", AttentionGradient.Kernel<KeySide>, GradientTile.Threads),
        LargeKeyGradientKernel = new("large heads, keys", LargeHeadGradient.Kernel<KeySide>, LargeHeadGradient.Threads);

    /// <summary>dK_j = sum_i ds_ij q_i, over all heads that read the key, with a d that is free of the rounding error of y.</summary>
    public Matrix Run(in AttentionKeyGradient op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient), q = context.Widen(op.Q), k = context.Widen(op.K), v = context.Widen(op.V);
        var args = new GradientArgs
        {
            Gradient = gradient.Floats(),
            Q = q.Floats(),
            K = k.Floats(),
            V = v.Floats(),
            Statistics = op.Statistics.Floats(),
        };
        DeviceStepTable step = op.Step.OnDevice();
        using Matrix statistics = Sharpen(op.Statistics, step, op.Spec, args); // [T, 2 * H]
        args.Statistics = statistics.Floats();
        return KeyValueGradient(AttentionKeyGradientKernel, LargeKeyGradientKernel, step, op.Spec, args);
    }

    private Matrix Sharpen(Matrix statistics, DeviceStepTable step, in AttentionSpec spec, GradientArgs args)
    {
        if (spec.HeadDim > GradientTile.MostHeadDim) return statistics.Retain();
        Matrix y = context.AllocateLike(statistics);
        args.Y = y.Floats();
        LaunchGradient(AttentionResidualsKernel, AttentionResidualsKernel, step, spec, args);
        return y;
    }

    /// <summary>Each head that reads a key has a plane of gradients; the planes are added in order.</summary>
    private Matrix KeyValueGradient(
        Kernel<GradientArgs> kernel, Kernel<GradientArgs> large, DeviceStepTable step, in AttentionSpec spec, GradientArgs args)
    {
        int sharing = spec.Heads / spec.KvHeads;
        Matrix y = context.Allocate(step.Rows, spec.KvWidth); // [T, K * D]
        using Matrix planes = sharing == 1 ? y.Retain() : context.Allocate(checked(sharing * step.Rows), spec.KvWidth);
        args.Y = planes.Floats();
        LaunchGradient(kernel, large, step, spec, args);
        if (sharing == 1) return y;
        var sum = new PartSumArgs { Parts = planes.Floats(), Count = sharing, Rows = step.Rows, Epilogue = Plain(y) };
        Launch(PartSum.Kernel, PartSum.Groups(sum), sum);
        return y;
    }
}
