namespace VlmSharp.Compute.Sampling;

/// <summary>Keeps the k largest scores (Fan et al. 2018) and every score equal to the k-th: removes s &lt; s(k).</summary>
internal sealed class TopK
{
    private TopSelector selector = new(1);

    /// <summary>Applies it.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="k">k, at least 1; V or more keeps all.</param>
    public void Apply(Span<float> scores, int k)
    {
        if (k >= scores.Length) return;
        if (selector.Capacity != k) selector = new TopSelector(k);
        selector.Select(scores);
        float last = selector.Smallest;
        for (int i = 0; i < scores.Length; i++)
            if (!(scores[i] >= last)) scores[i] = float.NegativeInfinity;
    }
}
