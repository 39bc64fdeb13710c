using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// <see cref="AttentionGradient"/> and <see cref="AttentionRowStatistics"/> for heads that are too large for their tiles. No model has such
/// heads, so row by row is fast enough. A group owns one row. For the weights, a thread has one row of the other side; for the sums, it has
/// every 128th feature. Grid: owned rows, query heads, sequences.
/// </summary>
internal static class LargeHeadGradient
{
    public const int Threads = 128;

    public static void Statistics<TCore>(GradientArgs g) where TCore : struct, ICore
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int position = Grid.IdxX, row = sequence.RowStart + position, head = Grid.IdxY;
        if (position >= sequence.RowCount) return; // the whole group
        int end = sequence.VisibleEnd(position);
        float max = float.NegativeInfinity, sum = 0, along = 0;
        for (int j = sequence.VisibleStart(position, g.Window) + Group.IdxX; j < end; j += Threads)
        {
            float score = g.Score(Dot(g, g.Q, g.QueryAt(row, head), g.K, g.KeyAt(sequence.RowStart + j, head))), before = max;
            max = IntrinsicMath.Max(max, score);
            sum = sum * Softmax.Keep(before, max) + Softmax.Weight(score, Softmax.Shift(max));
        }

        long at = g.QueryAt(row, head);
        for (int d = Group.IdxX; d < g.HeadDim; d += Threads) along += g.Gradient[at + d] * g.Output[at + d];
        float largest = TCore.Max(max);
        sum = TCore.Sum(sum * Softmax.Keep(max, largest));
        along = TCore.Sum(along);
        if (Group.IdxX != 0) return;
        g.Statistics[(long)row * 2 * g.Heads + head] = largest + Functions.Log(sum);
        g.Statistics[(long)row * 2 * g.Heads + g.Heads + head] = along;
    }

    public static void Kernel<TSide>(GradientArgs g) where TSide : struct, IGradientSide
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int own = Grid.IdxX, row = sequence.RowStart + own;
        if (own >= sequence.RowCount) return; // the whole group
        ArrayView<float> weights = SharedMemory.Allocate<float>(Threads);
        int start = AttentionGradient.Start<TSide>(g, sequence, own), end = AttentionGradient.End<TSide>(g, sequence, own);
        long to = AttentionGradient.ResultAt<TSide>(g, row);
        for (int d = Group.IdxX; d < g.HeadDim; d += Threads) g.Y[to + d] = 0;
        for (int other0 = start; other0 < end; other0 += Threads)
        {
            int count = IntrinsicMath.Min(Threads, end - other0);
            weights[Group.IdxX] = Group.IdxX < count ? Weight<TSide>(g, sequence, own, other0 + Group.IdxX) : 0;
            Group.Barrier();
            for (int d = Group.IdxX; d < g.HeadDim; d += Threads)
            {
                float sum = 0;
                for (int j = 0; j < count; j++)
                    sum += weights[j] * AttentionGradient.Summed<TSide>(g, sequence.RowStart + other0 + j, Grid.IdxY, d);
                g.Y[to + d] += sum;
            }

            Group.Barrier(); // the weights are overwritten next
        }
    }

    private static float Weight<TSide>(in GradientArgs g, in StepSequence sequence, int own, int other) where TSide : struct, IGradientSide
    {
        int i = sequence.RowStart + (TSide.OwnsQueries ? own : other), j = sequence.RowStart + (TSide.OwnsQueries ? other : own);
        long query = g.QueryAt(i, Grid.IdxY), key = g.KeyAt(j, Grid.IdxY);
        float dot = Dot(g, g.Q, query, g.K, key), along = TSide.IsOfScores ? Dot(g, g.Gradient, query, g.V, key) : 0;
        return AttentionGradient.Weight<TSide>(g, sequence, own, own + 1, other, other + 1, dot, along);
    }

    private static float Dot(in GradientArgs g, ArrayView<float> x, long xAt, ArrayView<float> y, long yAt)
    {
        float sum = 0;
        for (int d = 0; d < g.HeadDim; d++) sum += x[xAt + d] * y[yAt + d];
        return sum;
    }
}
