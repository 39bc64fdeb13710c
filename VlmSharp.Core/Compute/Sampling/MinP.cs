namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Min-p sampling (Nguyen et al. 2024): removes tokens whose probability is below m times that of the likeliest, exp(s - max s) &lt; m.
/// </summary>
internal static class MinP
{
    /// <summary>Applies it.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="minimum">m, from 0 to 1.</param>
    public static void Apply(Span<float> scores, float minimum)
    {
        float max = float.NegativeInfinity;
        foreach (float s in scores) max = Math.Max(max, float.IsNaN(s) ? float.NegativeInfinity : s);
        double floor = max + Math.Log(minimum);
        for (int i = 0; i < scores.Length; i++)
            if (!(scores[i] >= floor)) scores[i] = float.NegativeInfinity;
    }
}
