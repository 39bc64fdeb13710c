namespace VlmSharp.Generation.Processors;

/// <summary>Keeps the k largest scores (Fan et al. 2018) and every score equal to the k-th: removes s &lt; s(k).</summary>
/// <param name="k">k, at least 1; more than V keeps all.</param>
/// <param name="vocabulary">V.</param>
internal sealed class TopK(int k, int vocabulary) : ILogitsProcessor
{
    private readonly TopSelector selector = new(Math.Min(k, vocabulary));

    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
    {
        if (k >= scores.Length) return;
        selector.Select(scores);
        float last = selector.Smallest;
        for (int i = 0; i < scores.Length; i++)
            if (!(scores[i] >= last)) scores[i] = float.NegativeInfinity;
    }
}
