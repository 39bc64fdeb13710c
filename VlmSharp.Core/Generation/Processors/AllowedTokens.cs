
namespace VlmSharp.Generation.Processors;

/// <summary>What a constraint means for scores: before all processors, every token that it does not allow is removed.</summary>
internal static class AllowedTokens
{
    /// <summary>
    /// Removes all but the allowed tokens. Theirs are bounded to finite numbers: whatever a damaged model says, one of them can follow.
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
    /// Log-softmax of masked logits: y = x - max(x) - log(sum(exp(x - max(x)))) over the allowed tokens, -infinity elsewhere.
    /// Summed over them alone, in double precision, so that it is the same whether the others were scored or not.
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
