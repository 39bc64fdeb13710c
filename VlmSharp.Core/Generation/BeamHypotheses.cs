namespace VlmSharp.Generation;

/// <summary>A token on a path of beams, with the path behind it.</summary>
/// <param name="Parent">The token before, or null at the first.</param>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">As of a <see cref="TokenCandidate"/>.</param>
/// <param name="Top">The likeliest candidates of its step, or null.</param>
/// <param name="Note">What was noted of its step, or null.</param>
internal sealed record BeamNode(BeamNode? Parent, int Id, float LogProbability, TokenCandidate[]? Top, StepNote? Note)
{
    /// <summary>Tokens of the path.</summary>
    public int Length { get; } = (Parent?.Length ?? 0) + 1;

    /// <summary>The path, its first token first.</summary>
    public BeamNode[] Path()
    {
        var path = new BeamNode[Length];
        for (BeamNode? node = this; node is not null; node = node.Parent) path[node.Length - 1] = node;
        return path;
    }
}

/// <summary>A text that is complete.</summary>
/// <param name="Last">Its last token.</param>
/// <param name="Score">Sum of its tokens' processed log-probabilities / length^penalty.</param>
/// <param name="Finish">Why it is complete.</param>
internal readonly record struct BeamHypothesis(BeamNode Last, double Score, FinishReason Finish);

/// <summary>The best complete texts of a beam search, as many as it has beams (Wu et al. 2016, section 7, with the score of transformers).</summary>
/// <param name="capacity">Beams.</param>
/// <param name="lengthPenalty">e of length^e.</param>
internal sealed class BeamHypotheses(int capacity, double lengthPenalty)
{
    private readonly List<BeamHypothesis> kept = [];

    /// <summary>The best, or null where there is none; of equal ones the later.</summary>
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

    /// <summary>Takes a text if it is among the best.</summary>
    /// <param name="last">Its last token.</param>
    /// <param name="sum">Sum of its processed log-probabilities.</param>
    /// <param name="finish">Why it is complete.</param>
    public void Add(BeamNode last, double sum, FinishReason finish)
    {
        double score = Score(sum, last.Length);
        int worst = Worst();
        if (kept.Count == capacity && !(score > kept[worst].Score)) return;
        kept.Add(new BeamHypothesis(last, score, finish));
        if (kept.Count > capacity) kept.RemoveAt(worst);
    }

    /// <summary>
    /// Whether going on is given up: there is a text for every beam, and the best sum at hand, at today's length, beats none of
    /// them. That is transformers' <c>early_stopping=False</c>: a heuristic, since a longer text may gain by the length penalty.
    /// </summary>
    /// <param name="bestSum">The largest sum among the step's candidates.</param>
    /// <param name="length">Their tokens.</param>
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
