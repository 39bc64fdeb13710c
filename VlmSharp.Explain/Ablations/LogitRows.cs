namespace VlmSharp.Explain.Ablations;

/// <summary>Scores over the whole vocabulary for each token of an answer, as probabilities; sums are in double precision.</summary>
/// <param name="values">[n, V].</param>
/// <param name="vocabulary">V, the tokens of the vocabulary.</param>
internal sealed class LogitRows(float[] values, int vocabulary)
{
    private readonly double[] normalizers =
        [.. Enumerable.Range(0, values.Length / vocabulary).Select(t => Normalizer(values.AsSpan(t * vocabulary, vocabulary)))]; // [n]

    /// <summary>n, the tokens of the answer.</summary>
    public int Count => normalizers.Length;

    /// <summary>The scores, [n, V].</summary>
    public ReadOnlySpan<float> Values => values;

    /// <summary>ln q_t(token).</summary>
    public double LogProbability(int t, int token) => Row(t)[token] - normalizers[t];

    /// <summary>The first token with the largest score, which greedy generation takes; NaN is never the largest.</summary>
    public int Likeliest(int t)
    {
        ReadOnlySpan<float> row = Row(t);
        int best = 0;
        for (int v = 1; v < row.Length; v++)
            if (row[v] > row[best] || float.IsNaN(row[best])) best = v;
        return best;
    }

    /// <summary>
    /// sum_v p_t(v) (ln p_t(v) - ln q_t(v)), with p from these rows and q from the other ones; at least 0 whatever the rounding. A token
    /// that p excludes adds nothing.
    /// </summary>
    public double Divergence(LogitRows other, int t)
    {
        ReadOnlySpan<float> p = Row(t), q = other.Row(t);
        double sum = 0;
        for (int v = 0; v < p.Length; v++)
        {
            double log = p[v] - normalizers[t];
            if (double.IsNegativeInfinity(log)) continue;
            sum += Math.Exp(log) * (log - (q[v] - other.normalizers[t]));
        }

        return Math.Max(0, sum);
    }

    private ReadOnlySpan<float> Row(int t) => values.AsSpan(t * vocabulary, vocabulary);

    /// <summary>ln sum exp(row), with the largest score subtracted first so that nothing overflows.</summary>
    private static double Normalizer(ReadOnlySpan<float> row)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float logit in row) largest = Math.Max(largest, logit);
        foreach (float logit in row) sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum);
    }
}
