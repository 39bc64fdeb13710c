namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Draws token i with probability softmax(s)_i by inverting the distribution function: for a uniform u in [0, 1), it takes the first token,
/// in order of ids, whose cumulative probability exceeds u. Sums are in double precision.
/// </summary>
/// <param name="vocabulary">V.</param>
internal sealed class Sampler(int vocabulary)
{
    private readonly double[] weights = new double[vocabulary];

    /// <summary>Draws a token.</summary>
    /// <param name="scores">[V], after the processors.</param>
    /// <param name="uniform">u in [0, 1).</param>
    /// <returns>The token, or -1 if no score is above -infinity.</returns>
    public int Draw(ReadOnlySpan<float> scores, double uniform)
    {
        double target = uniform * Weigh(scores, weights), sum = 0;
        int last = -1;
        for (int i = 0; i < scores.Length; i++)
        {
            if (weights[i] == 0) continue;
            last = i;
            sum += weights[i];
            if (sum > target) return i;
        }

        return last;
    }

    /// <summary>w_i = exp(s_i - max s), 0 for removed tokens and NaN: the softmax before the division.</summary>
    /// <param name="scores">[V].</param>
    /// <param name="weights">[V].</param>
    /// <returns>Their sum, in ascending order of ids.</returns>
    public static double Weigh(ReadOnlySpan<float> scores, Span<double> weights)
    {
        float max = float.NegativeInfinity;
        foreach (float s in scores)
            if (s > max) max = s;
        if (max == float.NegativeInfinity) max = float.NaN; // all tokens are removed: no score may equal the maximum
        double total = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            weights[i] = scores[i] == max ? 1 : scores[i] > float.NegativeInfinity ? Math.Exp((double)scores[i] - max) : 0;
            total += weights[i];
        }

        return total;
    }
}
