using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AttentionWeights>
{
    /// <summary>The p of attention, row by row.</summary>
    public void Run(in AttentionWeights op, HostMatrix y)
    {
        ReadOnlySpan<int> rows = op.Rows.OnHost();
        for (int i = 0; i < rows.Length; i++)
        {
            SequenceSlice slice = op.Step.Batch.SliceOf(rows[i]);
            HostMatrix keys = slice.Cache.OnHost().Keys(op.Layer).Part(0, slice.Past + slice.RowCount);
            WriteWeights(op.Q.OnHost(), rows[i] - slice.RowStart, keys, slice, op.Spec, y.Part(i * op.Spec.Heads, op.Spec.Heads)); // [H, L]
        }
    }

    /// <summary>Writes the p of one row of the sequence to y [H, L], where L is at least the number of keys; masked places are 0.</summary>
    private static void WriteWeights(HostMatrix q, int row, HostMatrix keys, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y)
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
}
