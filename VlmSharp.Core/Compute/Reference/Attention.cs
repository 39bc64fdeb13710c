using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Attention>
{
    /// <summary>y_i = sum_j p_j v_j for each sequence over its own rows, p = softmax of the capped scores.</summary>
    public void Run(in Attention op, HostMatrix y)
    {
        HostMatrix k = op.K.OnHost(), v = op.V.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
            Attend(op.Q.OnHost(), k.Part(slice.RowStart, slice.RowCount), v.Part(slice.RowStart, slice.RowCount), slice, op.Spec, y);
    }

    /// <summary>One sequence: keys and values [past + rows, K * D] belong to it, q and y [T, H * D] to the step.</summary>
    private static void Attend(
        HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y)
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

    /// <summary>p_j of one row and head for the j in [Start, End), which are the j that the mask allows.</summary>
    private static (int Start, int End) Weigh(
        HostMatrix q, int row, int head, HostMatrix keys, in SequenceSlice slice, in AttentionSpec spec, Span<double> p)
    {
        int position = slice.Past + row;
        int start = slice.VisibleStart(position, spec.Window), end = Math.Min(slice.VisibleEnd(position), keys.Rows);
        ReadOnlySpan<float> query = Head(q, slice.RowStart + row, head, spec.HeadDim);
        double largest = double.NegativeInfinity, total = 0;
        for (int j = start; j < end; j++)
        {
            double score = spec.Scale * Dot(query, Head(keys, j, KvHead(head, spec), spec.HeadDim));
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
