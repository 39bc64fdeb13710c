namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Nucleus sampling (Holtzman et al. 2020): with the probabilities in ascending order and c_i their running sum, removes token i if c_i
/// &lt;= 1 - p, but never the likeliest. In other words, it keeps token i if all likelier tokens together have less than p.
/// </summary>
/// <remarks>
/// Tokens of probability at most (1 - p) / V need no sorting: together they have at most 1 - p, so all of them are removed. Of a vocabulary
/// of 257,216, usually a few hundred tokens are left. The likeliest, whose weight exp(0) is 1, always stays.
/// </remarks>
/// <param name="vocabulary">V.</param>
internal sealed class TopP(int vocabulary)
{
    private readonly double[] weights = new double[vocabulary], keys = new double[vocabulary];
    private readonly int[] ids = new int[vocabulary];

    /// <summary>Applies it.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="p">p, from 0 to 1.</param>
    public void Apply(Span<float> scores, float p)
    {
        if (p >= 1) return;
        double total = Sampler.Weigh(scores, weights);
        double negligible = total * (1.0 - p) / scores.Length;
        int count = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            if (weights[i] > negligible || weights[i] == 1) (keys[count], ids[count++]) = (-weights[i], i);
            else scores[i] = float.NegativeInfinity;
        }

        SortByLikelihood(count);
        double before = 0;
        for (int i = 0; i < count; i++)
        {
            if (i > 0 && before >= p * total) scores[ids[i]] = float.NegativeInfinity;
            before -= keys[i];
        }
    }

    // The likeliest first; of equal ones the lower id first, so that every backend keeps the same tokens.
    private void SortByLikelihood(int count)
    {
        keys.AsSpan(0, count).Sort(ids.AsSpan(0, count));
        for (int start = 0, end; start < count; start = end)
        {
            for (end = start + 1; end < count && keys[end] == keys[start]; end++) { }
            if (end > start + 1) ids.AsSpan(start, end - start).Sort();
        }
    }
}
