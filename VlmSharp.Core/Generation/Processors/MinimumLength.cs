namespace VlmSharp.Generation.Processors;

/// <summary>Removes the tokens that end a sequence while it has fewer than m new tokens; the prompt does not count.</summary>
/// <param name="minimum">m.</param>
/// <param name="ending">The end-of-sequence tokens and stop ids.</param>
internal sealed class MinimumLength(int minimum, int[] ending) : ILogitsProcessor
{
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
    {
        if (history.Length - promptLength >= minimum) return;
        foreach (int id in ending)
            if ((uint)id < (uint)scores.Length) scores[id] = float.NegativeInfinity;
    }
}
