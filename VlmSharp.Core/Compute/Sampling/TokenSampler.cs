using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Draws tokens by a <see cref="TokenRule"/>: temperature, top-k, top-p, min-p, then the draw, in transformers' order. It has scratch
/// memory for a vocabulary, so only one thread may use it at a time. For backends that run <see cref="Operators.Choose"/> on the host.
/// </summary>
/// <param name="vocabulary">V.</param>
public sealed class TokenSampler(int vocabulary)
{
    private readonly TopK topK = new();
    private readonly TopP topP = new(vocabulary);
    private readonly Sampler sampler = new(vocabulary);
    private readonly float[] scores = new float[vocabulary];
    private TopSelector candidates = new(1);

    /// <summary>V.</summary>
    public int Vocabulary => vocabulary;

    /// <summary>[V] numbers that a kernel may use between two calls.</summary>
    internal Span<float> Scratch => scores;

    /// <summary>The complete operator <see cref="Operators.Choose"/> for one sequence.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="logProbabilities">[V]: their log-softmax.</param>
    /// <param name="rule">The sequence's rule.</param>
    /// <param name="number">The index of the random number for a rule that samples: <see cref="Operators.Choose.NumberOf"/>.</param>
    /// <param name="row">2 + 2 N words: the sequence's row of the result. Unchanged if the rule is skipped.</param>
    /// <exception cref="ArgumentException">A row does not have V numbers.</exception>
    public void Choose(ReadOnlySpan<float> logits, ReadOnlySpan<float> logProbabilities, in TokenRule rule, long number, Span<float> row)
    {
        if (logits.Length != vocabulary || logProbabilities.Length != vocabulary)
            throw new ArgumentException($"Choose: rows of {logits.Length} and {logProbabilities.Length} numbers for {vocabulary} tokens.");
        if (rule.IsSkipped) return;
        int id = rule.IsSampling ? Draw(logits, rule, number) : Largest(logits);
        ChoiceWords.Write(row, id, logProbabilities[id]);
        if (rule.Candidates > 0) ChoiceWords.Write(row, Likeliest(logProbabilities, new ChosenToken(row).Candidates));
    }

    /// <summary>Draws a token.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="rule">A rule that samples.</param>
    /// <param name="number">The index of the random number in the rule's stream: the number of new tokens before this one.</param>
    /// <returns>The token; if none can be drawn, the first with the largest score.</returns>
    internal int Draw(ReadOnlySpan<float> logits, in TokenRule rule, long number)
    {
        logits.CopyTo(scores);
        Apply(scores, rule);
        int id = sampler.Draw(scores, CounterRandom.Uniform(rule.Seed, number));
        return id >= 0 ? id : Largest(scores);
    }

    /// <summary>Applies the rule's temperature, top-k, top-p and min-p, if it has them.</summary>
    /// <param name="logits">[V], changed in place: removed tokens get -infinity.</param>
    /// <param name="rule">Temperature 0 or 1, top-k 0, top-p null or 1, and min-p 0 leave the logits alone.</param>
    internal void Apply(Span<float> logits, in TokenRule rule)
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
    internal TopSelector Likeliest(ReadOnlySpan<float> logProbabilities, int count)
    {
        if (candidates.Capacity != count) candidates = new TopSelector(count);
        candidates.Select(logProbabilities);
        candidates.Order();
        return candidates;
    }

    /// <summary>The index of the first largest value; NaN is never the largest.</summary>
    internal static int Largest(ReadOnlySpan<float> values)
    {
        int best = 0;
        float value = float.NegativeInfinity;
        for (int i = 0; i < values.Length; i++)
            if (values[i] > value) (best, value) = (i, values[i]);
        return best;
    }
}
