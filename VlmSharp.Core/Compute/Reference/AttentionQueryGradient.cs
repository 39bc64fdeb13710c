using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AttentionQueryGradient>
{
    /// <summary>dQ_i = sum_j ds_ij k_j.</summary>
    public void Run(in AttentionQueryGradient op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix k = op.K.OnHost();
        double[,] sums = Start(default, y);
        EachWeight(op.Gradient, op.Q, op.K, op.V, op.Statistics, op.Step, spec, (i, j, head, _, ds) =>
        {
            for (int d = 0; d < spec.HeadDim; d++) sums[i, head * spec.HeadDim + d] += ds * Head(k, j, KvHead(head, spec), spec.HeadDim)[d];
        });
        Round(sums, y);
    }

    /// <summary>
    /// Receives query row i, key row j, a query head, the weight p_ij and the gradient of the score before scale and soft-cap.
    /// </summary>
    private delegate void WeightVisitor(int i, int j, int head, double p, double ds);

    /// <summary>
    /// p_ij = exp(s_ij - l_i) and ds_ij = scale * p_ij (dY_i . v_j - d_i) * (1 - (s_ij / cap)^2), for every pair that the mask allows.
    /// </summary>
    private static void EachWeight(
        Matrix gradient, Matrix query, Matrix key, Matrix value, Matrix rows, StepTable step, AttentionSpec spec, WeightVisitor visit)
    {
        HostMatrix dy = gradient.OnHost(), q = query.OnHost(), k = key.OnHost(), v = value.OnHost(), statistics = rows.OnHost();
        foreach (SequenceSlice slice in step.Batch.Slices)
            for (int i = slice.RowStart; i < slice.RowStart + slice.RowCount; i++)
                for (int head = 0; head < spec.Heads; head++)
                {
                    double l = statistics.Row(i)[head], mean = statistics.Row(i)[spec.Heads + head];
                    (int first, int end) = Seen(slice, i, spec);
                    for (int j = first; j < end; j++)
                    {
                        double score = Score(q, k, i, j, head, spec), p = Math.Exp(score - l);
                        double along = Dot(Head(dy, i, head, spec.HeadDim), Head(v, j, KvHead(head, spec), spec.HeadDim));
                        double share = spec.SoftCap > 0 ? score / spec.SoftCap : 0;
                        visit(i, j, head, p, spec.Scale * p * (along - mean) * (1 - share * share));
                    }
                }
    }
}
