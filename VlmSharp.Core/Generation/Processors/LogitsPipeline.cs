namespace VlmSharp.Generation.Processors;

/// <summary>
/// The processors that the options ask for, in transformers' order: repetition penalty, no-repeat n-gram, minimum length,
/// and when sampling temperature, top-k, top-p, min-p. Has scratch memory, so it serves one thread at a time.
/// </summary>
internal sealed class LogitsPipeline
{
    private readonly ILogitsProcessor[] processors;

    /// <summary>Collects the processors.</summary>
    /// <param name="options">Options that were validated.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="ending">The end-of-sequence tokens and stop ids.</param>
    public LogitsPipeline(GenerationOptions options, int vocabulary, int[] ending)
    {
        var list = new List<ILogitsProcessor>();
        if (options.RepetitionPenalty != 1) list.Add(new RepetitionPenalty(options.RepetitionPenalty, vocabulary));
        if (options.NoRepeatNgramSize > 0) list.Add(new NoRepeatNgram(options.NoRepeatNgramSize));
        if (options.MinNewTokens > 0) list.Add(new MinimumLength(options.MinNewTokens, ending));
        if (options.IsSampling)
        {
            int topK = options.TopK ?? GenerationOptions.DefaultTopK;
            if (options.Temperature is { } temperature && temperature != 1) list.Add(new Temperature(temperature));
            if (topK > 0) list.Add(new TopK(topK, vocabulary));
            if (options.TopP is { } topP && topP < 1) list.Add(new TopP(topP, vocabulary));
            if (options.MinP is { } minP && minP > 0) list.Add(new MinP(minP));
        }

        processors = [.. list];
    }

    /// <summary>Whether there is nothing to apply.</summary>
    public bool IsEmpty => processors.Length == 0;

    /// <summary>Applies them all.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
    {
        foreach (ILogitsProcessor processor in processors) processor.Apply(scores, history, promptLength);
    }
}
