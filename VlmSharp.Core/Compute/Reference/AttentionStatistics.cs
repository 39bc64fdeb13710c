using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AttentionStatistics>
{
    /// <summary>l_i = log sum_j exp(s_ij) and d_i = dY_i . y_i, for each row and head.</summary>
    public void Run(in AttentionStatistics op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix q = op.Q.OnHost(), k = op.K.OnHost(), dy = op.Gradient.OnHost(), output = op.Y.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
            for (int row = slice.RowStart; row < slice.RowStart + slice.RowCount; row++)
                for (int head = 0; head < spec.Heads; head++)
                {
                    (int first, int end) = Seen(slice, row, spec);
                    double largest = double.NegativeInfinity, total = 0;
                    for (int j = first; j < end; j++) largest = Math.Max(largest, Score(q, k, row, j, head, spec));
                    for (int j = first; j < end; j++) total += Math.Exp(Score(q, k, row, j, head, spec) - largest);
                    y.Row(row)[head] = (float)(largest + Math.Log(total));
                    y.Row(row)[spec.Heads + head] = (float)Dot(Head(dy, row, head, spec.HeadDim), Head(output, row, head, spec.HeadDim));
                }
    }

    /// <summary>The rows [First, End) of the step that a row attends to, in its own sequence.</summary>
    private static (int First, int End) Seen(in SequenceSlice slice, int row, in AttentionSpec spec)
    {
        int position = row - slice.RowStart;
        return (slice.RowStart + slice.VisibleStart(position, spec.Window),
            slice.RowStart + Math.Min(slice.VisibleEnd(position), slice.RowCount));
    }

    /// <summary>s_ij = cap * tanh(scale * q_i . k_j / cap).</summary>
    private static double Score(HostMatrix q, HostMatrix k, int i, int j, int head, in AttentionSpec spec)
    {
        double score = spec.Scale * Dot(Head(q, i, head, spec.HeadDim), Head(k, j, KvHead(head, spec), spec.HeadDim));
        return spec.SoftCap > 0 ? spec.SoftCap * Math.Tanh(score / spec.SoftCap) : score;
    }
}
