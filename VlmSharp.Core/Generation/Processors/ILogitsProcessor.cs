namespace VlmSharp.Generation.Processors;

/// <summary>
/// A rule that changes the scores of the next token before one is chosen. Scores are natural logarithms of anything
/// proportional to probabilities: logits, or log-probabilities in a beam search. A removed token has the score -infinity.
/// </summary>
internal interface ILogitsProcessor
{
    /// <summary>Applies the rule.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="history">Every token so far: the prompt with its image placeholders, then the new tokens.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength);
}
