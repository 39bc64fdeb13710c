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
        double[] weights = new double[keys.Rows];
        for (int row = 0; row < slice.RowCount; row++)
            for (int head = 0; head < spec.Heads; head++)
            {
                (int start, int end) = Weigh(q, row, head, keys, slice, spec, weights);
                Span<float> output = Head(y, slice.RowStart + row, head, spec.HeadDim);
                for (int d = 0; d < output.Length; d++)
                {
                    double sum = 0;
                    for (int j = start; j < end; j++) sum += weights[j] * Head(values, j, KvHead(head, spec), spec.HeadDim)[d];
                    output[d] = (float)sum;
                }
            }
    }

    /// <summary>The p of one row of the sequence into y [H, L], L at least the keys there are: 0 where it may not see.</summary>
    public static void ExecuteWeights(HostMatrix q, int row, HostMatrix keys, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y)
    {
        double[] weights = new double[keys.Rows];
        for (int head = 0; head < spec.Heads; head++)
        {
            (int start, int end) = Weigh(q, row, head, keys, slice, spec, weights);
            Span<float> output = y.Row(head);
            output.Clear();
            for (int j = start; j < end; j++) output[j] = (float)weights[j];
        }
    }

    /// <summary>p_j of one row and head for the j in [Start, End), which is what the mask lets the row see.</summary>
    private static (int Start, int End) Weigh(HostMatrix q, int row, int head, HostMatrix keys, in SequenceSlice slice, in AttentionSpec spec, Span<double> p)
    {
        int position = slice.Past + row;
        int start = slice.VisibleStart(position, spec.Window), end = Math.Min(slice.VisibleEnd(position), keys.Rows);
        ReadOnlySpan<float> query = Head(q, slice.RowStart + row, head, spec.HeadDim);
        double largest = double.NegativeInfinity, total = 0;
        for (int j = start; j < end; j++)
        {
            double score = spec.Scale * Product.Dot(query, Head(keys, j, KvHead(head, spec), spec.HeadDim));
            if (spec.SoftCap > 0) score = spec.SoftCap * Math.Tanh(score / spec.SoftCap);
            p[j] = score;
            largest = Math.Max(largest, score);
        }

        for (int j = start; j < end; j++) total += p[j] = Math.Exp(p[j] - largest);
        for (int j = start; j < end; j++) p[j] /= total;
        return (start, end);
    }

    private static int KvHead(int head, in AttentionSpec spec) => head / (spec.Heads / spec.KvHeads);

    private static Span<float> Head(HostMatrix x, int row, int head, int headDim) => x.Row(row).Slice(head * headDim, headDim);
}
