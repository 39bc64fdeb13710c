namespace VlmSharp.Generation.Processors;

/// <summary>
/// No run of n tokens occurs twice (Paulus et al. 2017, section 2.5): with t the history, token t[i + n - 1] is removed for
/// every i at which t[i .. i + n - 1) equals the last n - 1 tokens. The prompt counts.
/// </summary>
/// <param name="size">n, at least 1.</param>
internal sealed class NoRepeatNgram(int size) : ILogitsProcessor
{
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
    {
        if (history.Length < size) return;
        ReadOnlySpan<int> start = history[^(size - 1)..];
        for (int i = 0; i + size <= history.Length; i++)
            if (history.Slice(i, size - 1).SequenceEqual(start)) scores[history[i + size - 1]] = float.NegativeInfinity;
    }
}
