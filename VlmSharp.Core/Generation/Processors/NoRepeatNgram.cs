namespace VlmSharp.Generation.Processors;

/// <summary>
/// No run of n tokens occurs twice (Paulus et al. 2017, section 2.5): with t the history, token t[i + n - 1] is removed for
/// every i at which t[i .. i + n - 1) equals the last n - 1 tokens. The prompt counts.
/// </summary>
internal static class NoRepeatNgram
{
    /// <summary>Applies the rule.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="size">n, at least 1.</param>
    public static void Apply(Span<float> scores, ReadOnlySpan<int> history, int size)
    {
        if (history.Length < size) return;
        ReadOnlySpan<int> start = history[^(size - 1)..];
        for (int i = 0; i + size <= history.Length; i++)
            if (history.Slice(i, size - 1).SequenceEqual(start)) scores[history[i + size - 1]] = float.NegativeInfinity;
    }
}
