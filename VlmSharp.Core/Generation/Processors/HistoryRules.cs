namespace VlmSharp.Generation.Processors;

/// <summary>The settings of the rules on the tokens so far. The default turns all of them off.</summary>
/// <param name="RepetitionPenalty">1 is off.</param>
/// <param name="NoRepeatNgramSize">0 is off.</param>
/// <param name="MinNewTokens">0 is off.</param>
internal readonly record struct HistoryLimits(float RepetitionPenalty, int NoRepeatNgramSize, int MinNewTokens)
{
    /// <summary>Whether all rules are off, so that the host need not see the scores.</summary>
    public bool IsNone => RepetitionPenalty == 1 && NoRepeatNgramSize == 0 && MinNewTokens == 0;
}

/// <summary>
/// Applies the rules on the tokens so far, in transformers' order: repetition penalty, no-repeat n-gram, minimum length. Sampling comes
/// after them. It has scratch memory, so only one thread may use it at a time.
/// </summary>
/// <param name="vocabulary">V.</param>
internal sealed class HistoryRules(int vocabulary)
{
    private readonly RepetitionPenalty repetition = new(vocabulary);

    /// <summary>Applies the rules that are on.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="promptLength">Number of prompt tokens in the history.</param>
    /// <param name="limits">Penalty 1, n-gram size 0 and least length 0 switch a rule off.</param>
    /// <param name="ending">The end-of-sequence tokens and stop ids.</param>
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength, HistoryLimits limits, ReadOnlySpan<int> ending)
    {
        if (limits.RepetitionPenalty != 1) repetition.Apply(scores, history, limits.RepetitionPenalty);
        if (limits.NoRepeatNgramSize > 0) NoRepeatNgram.Apply(scores, history, limits.NoRepeatNgramSize);
        if (limits.MinNewTokens > 0) MinimumLength.Apply(scores, history.Length - promptLength, limits.MinNewTokens, ending);
    }
}
