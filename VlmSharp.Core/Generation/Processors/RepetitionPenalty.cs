namespace VlmSharp.Generation.Processors;

/// <summary>
/// Makes tokens that have occurred less likely (Keskar et al. 2019, section 4.1): for every distinct token of the history,
/// s' = s / p if s > 0, else s * p. The prompt counts, its bos and image placeholders too.
/// </summary>
/// <param name="penalty">p: above 1 discourages, below 1 encourages.</param>
/// <param name="vocabulary">V.</param>
internal sealed class RepetitionPenalty(float penalty, int vocabulary) : ILogitsProcessor
{
    private readonly int[] seenIn = new int[vocabulary]; // the last call that saw the token
    private int call;

    public void Apply(Span<float> scores, ReadOnlySpan<int> history, int promptLength)
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
