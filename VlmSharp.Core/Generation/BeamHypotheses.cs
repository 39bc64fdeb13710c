namespace VlmSharp.Generation;

/// <summary>A token of a beam, linked to the tokens before it.</summary>
/// <param name="Parent">The previous token, or null for the first one.</param>
/// <param name="Id">The token's id in the vocabulary.</param>
/// <param name="LogProbability">As in <see cref="TokenCandidate"/>.</param>
/// <param name="Top">The most likely candidates of its step, or null.</param>
/// <param name="Note">The notes on its step, or null.</param>
internal sealed record BeamNode(BeamNode? Parent, int Id, float LogProbability, TokenCandidate[]? Top, StepNote? Note)
{
    /// <summary>Number of tokens on the path to this node.</summary>
    public int Length { get; } = (Parent?.Length ?? 0) + 1;

    /// <summary>The path to this node, first token first.</summary>
    public BeamNode[] Path()
    {
        var path = new BeamNode[Length];
        for (BeamNode? node = this; node is not null; node = node.Parent) path[node.Length - 1] = node;
        return path;
    }
}

/// <summary>A finished text.</summary>
/// <param name="Last">Its last token.</param>
/// <param name="Score">Sum of its tokens' processed log-probabilities / length^penalty.</param>
/// <param name="Finish">Why it ended.</param>
internal readonly record struct BeamHypothesis(BeamNode Last, double Score, FinishReason Finish);

/// <summary>
/// The best finished texts of a beam search, at most one per beam (Wu et al. 2016, section 7, with the score that transformers uses).
/// </summary>
/// <param name="capacity">Number of beams.</param>
/// <param name="lengthPenalty">The exponent e in length^e.</param>
internal sealed class BeamHypotheses(int capacity, double lengthPenalty)
{
    private readonly List<BeamHypothesis> kept = [];

    /// <summary>The best text, or null if there is none. Among equal scores the latest one wins.</summary>
    public BeamHypothesis? Best
    {
        get
        {
            BeamHypothesis? best = null;
            foreach (BeamHypothesis h in kept)
                if (best is null || h.Score >= best.Value.Score) best = h;
            return best;
        }
    }

    /// <summary>Keeps a text if it is among the best.</summary>
    /// <param name="last">Its last token.</param>
    /// <param name="sum">Sum of its processed log-probabilities.</param>
    /// <param name="finish">Why it ended.</param>
    public void Add(BeamNode last, double sum, FinishReason finish)
    {
        double score = Score(sum, last.Length);
        int worst = Worst();
        if (kept.Count == capacity && !(score > kept[worst].Score)) return;
        kept.Add(new BeamHypothesis(last, score, finish));
        if (kept.Count > capacity) kept.RemoveAt(worst);
    }

    /// <summary>
    /// Whether the search can stop: there is a text for every beam, and the best current sum, scored at the current length, beats none of
    /// them. This is the <c>early_stopping=False</c> of transformers. It is a heuristic, because the length penalty may favor a longer
    /// text.
    /// </summary>
    /// <param name="bestSum">The largest sum among the step's candidates.</param>
    /// <param name="length">Number of tokens in each candidate.</param>
    public bool IsDone(double bestSum, int length) => kept.Count == capacity && kept[Worst()].Score >= Score(bestSum, length);

    private double Score(double sum, int length) => sum / Math.Pow(length, lengthPenalty);

    private int Worst()
    {
        int worst = 0;
        for (int i = 1; i < kept.Count; i++)
            if (kept[i].Score < kept[worst].Score) worst = i;
        return worst;
    }
}
