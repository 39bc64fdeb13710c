namespace VlmSharp.Generation.Processors;

/// <summary>Applies a constraint to scores: every token that it does not allow is removed, before all processors.</summary>
internal static class AllowedTokens
{
    /// <summary>
    /// Removes all tokens except the allowed ones. The scores of these are clamped to finite numbers, so that even with a damaged model one
    /// of them can follow.
    /// </summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="allowed">Ids in ascending order, at least one.</param>
    public static void Mask(Span<float> scores, ReadOnlySpan<int> allowed)
    {
        int from = 0;
        foreach (int id in allowed)
        {
            scores[from..id].Fill(float.NegativeInfinity);
            scores[id] = float.IsNaN(scores[id]) ? float.MinValue : Math.Clamp(scores[id], float.MinValue, float.MaxValue);
            from = id + 1;
        }

        scores[from..].Fill(float.NegativeInfinity);
    }

    /// <summary>
    /// Log-softmax of masked logits: y = x - max(x) - log(sum(exp(x - max(x)))) over the allowed tokens, -infinity elsewhere. Only the
    /// allowed tokens are summed, in double precision, so the result is the same whether or not the others were scored.
    /// </summary>
    /// <param name="scores">[V], masked logits.</param>
    /// <param name="allowed">Ids in ascending order, at least one.</param>
    /// <param name="logProbabilities">[V], the result.</param>
    public static void LogSoftmax(ReadOnlySpan<float> scores, ReadOnlySpan<int> allowed, Span<float> logProbabilities)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (int id in allowed) largest = Math.Max(largest, scores[id]);
        foreach (int id in allowed) sum += Math.Exp(scores[id] - largest);
        double logSum = Math.Log(sum);
        logProbabilities.Fill(float.NegativeInfinity);
        foreach (int id in allowed) logProbabilities[id] = (float)(scores[id] - largest - logSum);
    }
}
