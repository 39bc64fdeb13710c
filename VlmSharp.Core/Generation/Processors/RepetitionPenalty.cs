namespace VlmSharp.Generation.Processors;

/// <summary>
/// Makes tokens that have occurred less likely (Keskar et al. 2019, section 4.1): for every distinct token of the history, s' = s / p if s
/// > 0, else s * p. The prompt counts, including its bos token and image placeholders.
/// </summary>
/// <param name="vocabulary">V.</param>
internal sealed class RepetitionPenalty(int vocabulary)
{
    private readonly int[] seenIn = new int[vocabulary]; // [V]: number of the last call that saw the token
    private int call;

    /// <summary>Applies the rule.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="penalty">p: above 1 discourages, below 1 encourages.</param>
    public void Apply(Span<float> scores, ReadOnlySpan<int> history, float penalty)
    {
        call++;
        foreach (int id in history)
        {
            if (seenIn[id] == call) continue;
            seenIn[id] = call;
            scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
        }
    }
}
