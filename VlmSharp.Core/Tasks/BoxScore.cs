namespace VlmSharp.Tasks;

/// <summary>
/// How confident a model is in a box: that each edge is near its stated location, and that the label is right.
/// <code>
/// score = m(top) m(left) m(bottom) m(right) p(label)
/// m(edge) = sum of p(location) over the locations within a third of the box's side from the edge
/// </code>
/// p(location) comes from the probabilities of all 1,024 locations in the step that produced the edge; the box's side is the one along
/// which the edge moves. The probability of a single location says little, because a model spreads its probability over neighboring ones.
/// The total near the edge, where the box would still mark the same thing, says much. p(label) is relative to everything that the model
/// could have produced, even if a constraint left it no choice: asked for something that is not there, a model puts its box around
/// something else, but gives the label a low probability. docs/evaluation.md has the study behind this choice.
/// </summary>
internal static class BoxScore
{
    /// <summary>The tolerance of an edge, as a fraction of the box's side.</summary>
    private const double Reach = 1.0 / 3;

    /// <summary>The score of a box.</summary>
    /// <param name="evidence">The probabilities. If a row was not noted, only the stated location counts, so the score is a lower
    /// bound.</param>
    /// <returns>0 to 1; 0 if a damaged model gives NaN.</returns>
    public static float Of(BoxEvidence evidence)
    {
        double score = Math.Exp(evidence.Label + (evidence.Allowed ?? 0));
        for (int edge = 0; edge < TaskTokens.LocationsPerBox; edge++)
        {
            int other = (edge + 2) % TaskTokens.LocationsPerBox; // top and bottom, left and right
            score *= Mass(evidence, edge, Reach * Math.Abs(evidence.Locations[edge] - evidence.Locations[other]));
        }

        return score >= 0 ? (float)Math.Min(score, 1) : 0;
    }

    /// <summary>The probability that an edge is within this distance of its stated location.</summary>
    private static double Mass(BoxEvidence evidence, int edge, double reach)
    {
        if (evidence.Rows[edge] is not { } row) return Math.Exp(evidence.LogProbabilities[edge]);
        int first = Math.Max(evidence.Locations[edge] - (int)reach, 0);
        int last = Math.Min(evidence.Locations[edge] + (int)reach, row.Length - 1);
        double mass = 0;
        for (int place = first; place <= last; place++) mass += Math.Exp(row[place]);
        return Math.Min(mass, 1); // rounding may bring the sum above 1
    }
}
