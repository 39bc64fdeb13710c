using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AttentionWeights>
{
    private static readonly Kernel<AttentionWeightsArgs>
        WeightsBFloat16Kernel = new("AttentionWeights, bf16", AttentionWeightsRow<BFloat16Kv>, RowThreads),
        WeightsFloat32Kernel = new("AttentionWeights, fp32", AttentionWeightsRow<Float32Kv>, RowThreads);

    /// <summary>The attention weights p, row by row.</summary>
    public Matrix Run(in AttentionWeights op, MatrixShape shape)
    {
        DeviceStepTable step = op.Step.OnDevice();
        using Matrix q = context.Widen(op.Q);
        Matrix y = Allocate(shape); // [n * H, L]
        Kernel<AttentionWeightsArgs> kernel = IsKvNarrow ? WeightsBFloat16Kernel : WeightsFloat32Kernel;
        Launch(kernel, new LaunchGrid(op.Rows.Count, op.Spec.Heads), new AttentionWeightsArgs
        {
            Attention = ArgsOf(q, step, op.Layer, op.Spec, context.Arena.View),
            Rows = op.Rows.Integers(),
            Y = y.Floats(),
            Longest = shape.Columns,
        });
        return y;
    }

    /// <summary>A group has one row and head; a thread has every 128th key: its score, the exponential, the quotient.</summary>
    private static void AttentionWeightsRow<TKv>(AttentionWeightsArgs w) where TKv : struct, IKvFormat
    {
        AttentionArgs g = w.Attention;
        int row = w.Rows[Grid.IdxX], head = Grid.IdxY;
        StepSequence sequence = StepSequence.Read(g.Sequences, g.RowSequences[row]);
        int position = sequence.Past + row - sequence.RowStart;
        int start = sequence.VisibleStart(position, g.Window), end = sequence.VisibleEnd(position);
        long keys = sequence.KeysAt<TKv>(g.Layer, g.KvRowNumbers) + head / (g.Heads / g.KvHeads) * g.HeadDim;
        long q = ((long)row * g.Heads + head) * g.HeadDim, y = ((long)Grid.IdxX * g.Heads + head) * w.Longest;
        float max = float.NegativeInfinity, sum = 0;
        for (int j = start + Group.IdxX; j < end; j += RowThreads)
        {
            float dot = 0;
            for (int d = 0; d < g.HeadDim; d++) dot += g.Q[q + d] * TKv.Get(g.Memory, keys + (long)j * g.KvRowNumbers + d);
            float score = g.Capped(dot * g.Scale);
            w.Y[y + j] = score;
            max = IntrinsicMath.Max(max, score);
        }

        float shift = Softmax.Shift(TCore.Max(max));
        for (int j = start + Group.IdxX; j < end; j += RowThreads) sum += w.Y[y + j] = Softmax.Weight(w.Y[y + j], shift);
        sum = TCore.Sum(sum);
        for (int j = start + Group.IdxX; j < end; j += RowThreads) w.Y[y + j] /= sum;
        for (int j = Group.IdxX; j < w.Longest; j += RowThreads)
            if (j < start || j >= end) w.Y[y + j] = 0;
    }

    internal struct AttentionWeightsArgs
    {
        public AttentionArgs Attention; // y of its own
        public ArrayView<int> Rows; // [n]
        public ArrayView<float> Y; // [n * H, L]
        public int Longest;
    }
}
