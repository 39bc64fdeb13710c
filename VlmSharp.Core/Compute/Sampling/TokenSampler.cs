using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Draws tokens by a <see cref="TokenRule"/>: temperature, top-k, top-p, min-p, then the draw, in transformers' order. Has scratch
/// memory for a vocabulary, so it serves one thread at a time.
/// </summary>
/// <param name="vocabulary">V.</param>
internal sealed class TokenSampler(int vocabulary)
{
    private readonly TopK topK = new();
    private readonly TopP topP = new(vocabulary);
    private readonly Sampler sampler = new(vocabulary);
    private readonly float[] scores = new float[vocabulary];
    private TopSelector candidates = new(1);

    /// <summary>V.</summary>
    public int Vocabulary => vocabulary;

    /// <summary>[V] numbers that a kernel may use between two calls.</summary>
    public Span<float> Scratch => scores;

    /// <summary>Draws a token.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="rule">A rule that samples.</param>
    /// <param name="number">Which number of the rule's stream: new tokens before this one.</param>
    /// <returns>The token; where nothing can be drawn, the first of the largest.</returns>
    public int Draw(ReadOnlySpan<float> logits, in TokenRule rule, long number)
    {
        logits.CopyTo(scores);
        Apply(scores, rule);
        int id = sampler.Draw(scores, CounterRandom.Uniform(rule.Seed, number));
        return id >= 0 ? id : Largest(scores);
    }

    /// <summary>Temperature, top-k, top-p and min-p of a rule, as far as it has them.</summary>
    /// <param name="logits">[V], changed in place: what is removed becomes -infinity.</param>
    /// <param name="rule">The rule.</param>
    public void Apply(Span<float> logits, in TokenRule rule)
    {
        if (rule.Temperature is not (0 or 1)) Temperature.Apply(logits, rule.Temperature);
        if (rule.TopK > 0) topK.Apply(logits, rule.TopK);
        if (rule.TopP is { } p and < 1) topP.Apply(logits, p);
        if (rule.MinP > 0) MinP.Apply(logits, rule.MinP);
    }

    /// <summary>Finds the likeliest tokens.</summary>
    /// <param name="logProbabilities">[V].</param>
    /// <param name="count">N, at least 1.</param>
    /// <returns>At most N of them, the likeliest first; valid until the next call.</returns>
    public TopSelector Likeliest(ReadOnlySpan<float> logProbabilities, int count)
    {
        if (candidates.Capacity != count) candidates = new TopSelector(count);
        candidates.Select(logProbabilities);
        candidates.Order();
        return candidates;
    }

    /// <summary>The first of the largest; a NaN is never the largest.</summary>
    public static int Largest(ReadOnlySpan<float> values)
    {
        int best = 0;
        float value = float.NegativeInfinity;
        for (int i = 0; i < values.Length; i++)
            if (values[i] > value) (best, value) = (i, values[i]);
        return best;
    }
}
