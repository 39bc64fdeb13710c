namespace VlmSharp.Compute.Sampling;

/// <summary>s' = s / t: below 1 sharpens the distribution, above 1 flattens it.</summary>
internal static class Temperature
{
    /// <summary>Applies it.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="temperature">t, above 0.</param>
    public static void Apply(Span<float> scores, float temperature)
    {
        for (int i = 0; i < scores.Length; i++) scores[i] /= temperature;
    }
}
