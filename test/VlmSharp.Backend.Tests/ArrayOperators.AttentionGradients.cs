using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Backend.Tests;

internal sealed partial class ArrayOperators
{
    public void Run(in RopeGradient op, Rows y)
    {
        int half = op.Angles.Columns / 2;
        for (int t = 0; t < y.Count; t++)
        {
            Span<float> dy = op.Gradient.Rows()[t], turns = op.Angles.Rows()[t];
            for (int i = 0; i < dy.Length; i++)
            {
                int j = i % (2 * half);
                float other = j < half ? dy[i + half] : -dy[i - half];
                y[t][i] = dy[i] * turns[j % half] + other * turns[half + j % half];
            }
        }
    }

    public void Run(in AttentionStatistics op, Rows y)
    {
        (int heads, int headDim) = (op.Spec.Heads, op.Spec.HeadDim);
        foreach (var row in Pairs(op.Q.Rows(), op.K.Rows(), op.Step, op.Spec).GroupBy(pair => (pair.I, pair.Head)))
        {
            (int i, int head) = row.Key;
            double largest = row.Max(pair => pair.Score);
            y[i][head] = (float)(largest + Math.Log(row.Sum(pair => Math.Exp(pair.Score - largest))));
            y[i][heads + head] = (float)Dot(Head(op.Gradient.Rows(), i, head, headDim), Head(op.Y.Rows(), i, head, headDim));
        }
    }

    public void Run(in AttentionQueryGradient op, Rows y)
    {
        double[,] sums = new double[y.Count, y.Columns];
        foreach (Pair pair in Pairs(op.Q.Rows(), op.K.Rows(), op.Step, op.Spec))
        {
            double ds = ScoreGradient(pair, op.Gradient.Rows(), op.V.Rows(), op.Statistics.Rows(), op.Spec);
            AddHead(sums, pair.I, pair.Head, ds, Head(op.K.Rows(), pair.J, pair.KeyHead, op.Spec.HeadDim));
        }

        Fill(y, (row, column) => sums[row, column]);
    }

    public void Run(in AttentionKeyGradient op, Rows y)
    {
        double[,] sums = new double[y.Count, y.Columns];
        foreach (Pair pair in Pairs(op.Q.Rows(), op.K.Rows(), op.Step, op.Spec))
        {
            double ds = ScoreGradient(pair, op.Gradient.Rows(), op.V.Rows(), op.Statistics.Rows(), op.Spec);
            AddHead(sums, pair.J, pair.KeyHead, ds, Head(op.Q.Rows(), pair.I, pair.Head, op.Spec.HeadDim));
        }

        Fill(y, (row, column) => sums[row, column]);
    }

    public void Run(in AttentionValueGradient op, Rows y)
    {
        double[,] sums = new double[y.Count, y.Columns];
        foreach (Pair pair in Pairs(op.Q.Rows(), op.K.Rows(), op.Step, op.Spec))
        {
            double p = Math.Exp(pair.Score - op.Statistics.Rows()[pair.I][pair.Head]);
            AddHead(sums, pair.J, pair.KeyHead, p, Head(op.Gradient.Rows(), pair.I, pair.Head, op.Spec.HeadDim));
        }

        Fill(y, (row, column) => sums[row, column]);
    }

    /// <summary>Row i and head of a query, the row j of a key that it sees, and their score s_ij.</summary>
    private readonly record struct Pair(int I, int Head, int J, int KeyHead, double Score);

    /// <summary>Every pair that the mask does not hide.</summary>
    private static IEnumerable<Pair> Pairs(Rows q, Rows k, StepTable step, AttentionSpec spec)
    {
        for (int i = 0; i < q.Count; i++)
        {
            SequenceSlice slice = step.Batch.SliceOf(i);
            int position = i - slice.RowStart, end = Math.Min(slice.VisibleEnd(position), slice.RowCount);
            for (int head = 0; head < spec.Heads; head++)
                for (int place = slice.VisibleStart(position, spec.Window); place < end; place++)
                {
                    int j = slice.RowStart + place, keyHead = KeyHead(head, spec);
                    double score = Score(Head(q, i, head, spec.HeadDim), Head(k, j, keyHead, spec.HeadDim), spec);
                    yield return new Pair(i, head, j, keyHead, score);
                }
        }
    }

    /// <summary>ds_ij = scale * p_ij (dY_i . v_j - d_i) * (1 - (s_ij / cap)^2).</summary>
    private static double ScoreGradient(Pair pair, Rows dy, Rows v, Rows statistics, in AttentionSpec spec)
    {
        double p = Math.Exp(pair.Score - statistics[pair.I][pair.Head]), d = statistics[pair.I][spec.Heads + pair.Head];
        double dp = Dot(Head(dy, pair.I, pair.Head, spec.HeadDim), Head(v, pair.J, pair.KeyHead, spec.HeadDim));
        return spec.Scale * p * (dp - d) * (spec.SoftCap > 0 ? 1 - Math.Pow(pair.Score / spec.SoftCap, 2) : 1);
    }

    private static void AddHead(double[,] sums, int row, int head, double factor, ReadOnlySpan<float> x)
    {
        for (int d = 0; d < x.Length; d++) sums[row, head * x.Length + d] += factor * x[d];
    }
}
