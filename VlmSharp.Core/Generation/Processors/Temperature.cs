namespace VlmSharp.Generation.Processors;

/// <summary>s' = s / t: below 1 sharpens the distribution, above 1 flattens it.</summary>
/// <param name="temperature">t, above 0.</param>
internal sealed class Temperature(float temperature) : ILogitsProcessor
{
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
    {
        for (int i = 0; i < scores.Length; i++) scores[i] /= temperature;
    }
}
