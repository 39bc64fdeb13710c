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
        AttentionKeyGradientKernel = new("attention gradient, keys", AttentionGradient.Kernel<KeySide>, GradientTile.Threads),
        LargeKeyGradientKernel = new("large heads, keys", LargeHeadGradient.Kernel<KeySide>, LargeHeadGradient.Threads);

    /// <summary>dK_j = sum_i ds_ij q_i, over all heads that read the key.</summary>
    public Matrix Run(in AttentionKeyGradient op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient), q = context.Widen(op.Q), k = context.Widen(op.K), v = context.Widen(op.V);
        return KeyValueGradient(AttentionKeyGradientKernel, LargeKeyGradientKernel, op.Step.OnDevice(), op.Spec, new GradientArgs
        {
            Gradient = gradient.Floats(),
            Q = q.Floats(),
            K = k.Floats(),
            V = v.Floats(),
            Statistics = op.Statistics.Floats(),
        });
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
