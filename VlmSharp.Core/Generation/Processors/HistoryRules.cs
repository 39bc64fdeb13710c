namespace VlmSharp.Generation.Processors;

/// <summary>
/// The rules that look at the tokens so far, in transformers' order: repetition penalty, no-repeat n-gram, minimum length.
/// Sampling comes after them. Has scratch memory, so it serves one thread at a time.
/// </summary>
/// <param name="vocabulary">V.</param>
internal sealed class HistoryRules(int vocabulary)
{
    private readonly RepetitionPenalty repetition = new(vocabulary);

    /// <summary>Whether options ask for any of them, so that the host must see the scores.</summary>
    /// <param name="options">Options that were validated.</param>
    public static bool AreIn(GenerationOptions options) =>
        options.RepetitionPenalty != 1 || options.NoRepeatNgramSize > 0 || options.MinNewTokens > 0;

    /// <summary>Applies those that the options ask for.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    /// <param name="options">Options that were validated.</param>
    /// <param name="ending">The end-of-sequence tokens and stop ids.</param>
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength, GenerationOptions options, ReadOnlySpan<int> ending)
    {
        if (options.RepetitionPenalty != 1) repetition.Apply(scores, history, options.RepetitionPenalty);
        if (options.NoRepeatNgramSize > 0) NoRepeatNgram.Apply(scores, history, options.NoRepeatNgramSize);
        if (options.MinNewTokens > 0) MinimumLength.Apply(scores, history.Length - promptLength, options.MinNewTokens, ending);
    }
}
