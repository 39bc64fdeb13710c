namespace VlmSharp.Generation.Processors;

/// <summary>Min-p sampling (Nguyen et al. 2024): removes tokens of probability below m times that of the likeliest, exp(s - max s) &lt; m.</summary>
/// <param name="minimum">m, from 0 to 1.</param>
internal sealed class MinP(float minimum) : ILogitsProcessor
{
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
    {
        float max = float.NegativeInfinity;
        foreach (float s in scores) max = Math.Max(max, float.IsNaN(s) ? float.NegativeInfinity : s);
        double floor = max + Math.Log(minimum);
        for (int i = 0; i < scores.Length; i++)
            if (!(scores[i] >= floor)) scores[i] = float.NegativeInfinity;
    }
}
