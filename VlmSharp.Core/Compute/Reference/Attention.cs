using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// Scaled dot-product attention with grouped queries (Vaswani et al. 2017, eq. 1; Ainslie et al. 2023) for one sequence.
/// For query head h, which reads key-value head h / (H / K), and token i:
/// <code>
/// s_j = cap * tanh(scale * q_i . k_j / cap)      (without a cap: scale * q_i . k_j)
/// p_j = exp(s_j - max s) / sum exp(s - max s)    over the j that i may see
/// y_i = sum_j p_j v_j
/// </code>
/// </summary>
internal static class Attention
{
    public static void Execute(HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y)
    {
        int group = spec.Heads / spec.KvHeads;
        double[] scores = new double[keys.Rows];
        for (int row = 0; row < slice.RowCount; row++)
        {
            int position = slice.Past + row;
            int start = slice.VisibleStart(position, spec.Window), end = Math.Min(slice.VisibleEnd(position), keys.Rows);
            for (int head = 0; head < spec.Heads; head++)
            {
                ReadOnlySpan<float> query = Head(q, slice.RowStart + row, head, spec.HeadDim);
                double largest = double.NegativeInfinity;
                for (int j = start; j < end; j++)
                {
                    double score = spec.Scale * Product.Dot(query, Head(keys, j, head / group, spec.HeadDim));
                    if (spec.SoftCap > 0) score = spec.SoftCap * Math.Tanh(score / spec.SoftCap);
                    scores[j] = score;
                    largest = Math.Max(largest, score);
                }

                double total = 0;
                for (int j = start; j < end; j++) total += scores[j] = Math.Exp(scores[j] - largest);

                Span<float> output = Head(y, slice.RowStart + row, head, spec.HeadDim);
                for (int d = 0; d < output.Length; d++)
                {
                    double sum = 0;
                    for (int j = start; j < end; j++) sum += scores[j] * Head(values, j, head / group, spec.HeadDim)[d];
                    output[d] = (float)(sum / total);
                }
            }
        }
    }

    private static Span<float> Head(HostMatrix x, int row, int head, int headDim) => x.Row(row).Slice(head * headDim, headDim);
}
