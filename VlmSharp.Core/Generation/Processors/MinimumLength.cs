namespace VlmSharp.Generation.Processors;

/// <summary>Removes the tokens that end a sequence while it has fewer than m new tokens. The prompt does not count.</summary>
internal static class MinimumLength
{
    /// <summary>Applies the rule.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="newTokens">Number of new tokens so far.</param>
    /// <param name="minimum">m; 0 removes nothing.</param>
    /// <param name="ending">The end-of-sequence tokens and stop ids.</param>
    public static void Apply(Span<float> scores, int newTokens, int minimum, ReadOnlySpan<int> ending)
    {
        if (newTokens >= minimum) return;
        foreach (int id in ending)
            if ((uint)id < (uint)scores.Length) scores[id] = float.NegativeInfinity;
    }
}
