using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Backend.Tests;

internal sealed partial class ArrayOperators
{
    public void Run(in RotaryAngles op, Rows y)
    {
        int half = op.HeadDim / 2;
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
            for (int i = 0; i < slice.RowCount; i++)
                for (int j = 0; j < half; j++)
                {
                    float angle = (op.PositionBase + slice.Past + i) * (float)Math.Pow(op.FrequencyBase, -2.0 * j / op.HeadDim);
                    (y[slice.RowStart + i][j], y[slice.RowStart + i][half + j]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
                }
    }

    public void Run(in Rope op, Rows y)
    {
        int half = op.Angles.Columns / 2;
        for (int t = 0; t < y.Count; t++)
        {
            Span<float> x = op.X.Rows()[t], turns = op.Angles.Rows()[t];
            for (int i = 0; i < x.Length; i++)
            {
                int j = i % (2 * half);
                float other = j < half ? -x[i + half] : x[i - half];
                y[t][i] = x[i] * turns[j % half] + other * turns[half + j % half];
            }
        }
    }

    public void Run(in AppendKeyValues op)
    {
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
            for (int i = 0; i < slice.RowCount; i++)
            {
                op.K.Rows()[slice.RowStart + i].CopyTo(slice.Cache.Array().Keys(op.Layer)[slice.Past + i]);
                op.V.Rows()[slice.RowStart + i].CopyTo(slice.Cache.Array().Values(op.Layer)[slice.Past + i]);
            }
    }

    public void Run(in CopyKeyValues op)
    {
        for (int layer = 0; layer < op.Source.Layers; layer++)
        {
            ArrayKvCache from = op.Source.Array(), to = op.Destination.Array();
            from.Keys(layer).Part(op.Start, op.Count).Numbers.CopyTo(to.Keys(layer).Part(op.Start, op.Count).Numbers);
            from.Values(layer).Part(op.Start, op.Count).Numbers.CopyTo(to.Values(layer).Part(op.Start, op.Count).Numbers);
        }
    }

    public void Run(in Attention op, Rows y)
    {
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            Rows keys = op.K.Rows().Part(slice.RowStart, slice.RowCount), values = op.V.Rows().Part(slice.RowStart, slice.RowCount);
            Attend(op.Q.Rows(), keys, values, slice, op.Spec, y);
        }
    }

    public void Run(in CachedAttention op, Rows y)
    {
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            int length = slice.Past + slice.RowCount;
            ArrayKvCache cache = slice.Cache.Array();
            Attend(op.Q.Rows(), cache.Keys(op.Layer).Part(0, length), cache.Values(op.Layer).Part(0, length), slice, op.Spec, y);
        }
    }

    public void Run(in AttentionWeights op, Rows y)
    {
        for (int i = 0; i < y.Count; i++)
        {
            int row = op.Rows.Array()[i / op.Spec.Heads];
            SequenceSlice slice = op.Step.Batch.SliceOf(row);
            Rows keys = slice.Cache.Array().Keys(op.Layer).Part(0, slice.Past + slice.RowCount);
            double[] p = Weigh(op.Q.Rows()[row], i % op.Spec.Heads, slice.Past + row - slice.RowStart, keys, slice, op.Spec);
            for (int j = 0; j < p.Length; j++) y[i][j] = (float)p[j];
        }
    }

    private static void Attend(Rows q, Rows keys, Rows values, in SequenceSlice slice, in AttentionSpec spec, Rows y)
    {
        for (int row = slice.RowStart; row < slice.RowStart + slice.RowCount; row++)
            for (int head = 0; head < spec.Heads; head++)
            {
                double[] p = Weigh(q[row], head, slice.Past + row - slice.RowStart, keys, slice, spec);
                for (int d = 0; d < spec.HeadDim; d++)
                {
                    double sum = 0;
                    for (int j = 0; j < p.Length; j++)
                        if (p[j] > 0) sum += p[j] * values[j][KeyHead(head, spec) * spec.HeadDim + d]; // masked values may be infinite
                    y[row][head * spec.HeadDim + d] = (float)sum;
                }
            }
    }

    /// <summary>The p of one token and head over all keys of its sequence: 0 where the mask hides one.</summary>
    private static double[] Weigh(ReadOnlySpan<float> q, int head, int position, Rows keys, in SequenceSlice slice, in AttentionSpec spec)
    {
        double[] p = new double[keys.Count];
        ReadOnlySpan<float> query = q.Slice(head * spec.HeadDim, spec.HeadDim);
        int start = slice.VisibleStart(position, spec.Window), end = Math.Min(slice.VisibleEnd(position), keys.Count);
        double largest = double.NegativeInfinity, total = 0;
        for (int j = start; j < end; j++)
        {
            p[j] = Score(query, Head(keys, j, KeyHead(head, spec), spec.HeadDim), spec);
            largest = Math.Max(largest, p[j]);
        }

        for (int j = start; j < end; j++) total += p[j] = Math.Exp(p[j] - largest);
        for (int j = start; j < end; j++) p[j] /= total;
        return p;
    }

    private static double Score(ReadOnlySpan<float> query, ReadOnlySpan<float> key, in AttentionSpec spec)
    {
        double score = spec.Scale * Dot(query, key);
        return spec.SoftCap > 0 ? spec.SoftCap * Math.Tanh(score / spec.SoftCap) : score;
    }

    private static Span<float> Head(Rows x, int row, int head, int headDim) => x[row].Slice(head * headDim, headDim);

    private static int KeyHead(int head, in AttentionSpec spec) => head / (spec.Heads / spec.KvHeads);
}
