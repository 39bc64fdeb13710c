namespace VlmSharp.Tasks;

/// <summary>
/// How sure a model is of a box: that each of its edges lies about where it was said, and that the label is the right one.
/// <code>
/// score = m(top) m(left) m(bottom) m(right) p(label),     m(edge) = sum of p(place) over the places within a third of the box's side of the edge
/// </code>
/// p(place) is the row of probabilities of the 1,024 locations at the step that said the edge, and the side that along which the edge moves. The
/// probability of one place of 1,024 says little, since a model spreads its belief over neighboring ones; how much of it lies so near that
/// the box would be the same thing's says much. p(label) is among everything that the model could have said, also where a constraint
/// left it no choice: asked for what is not there, a model puts its box around something else, and knows what that is. docs/evaluation.md has the
/// study that this was chosen by.
/// </summary>
internal static class BoxScore
{
    /// <summary>Sides of the box that an edge may be off by.</summary>
    private const double Reach = 1.0 / 3;

    /// <summary>The score of a box.</summary>
    /// <param name="evidence">What is known of it. A row that was not noted counts as the one place that was said, so that the score is a lower bound.</param>
    /// <returns>0 to 1; 0 where a damaged model gives NaN.</returns>
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

    /// <summary>How likely an edge is within so many places of where it was said.</summary>
    private static double Mass(BoxEvidence evidence, int edge, double reach)
    {
        if (evidence.Rows[edge] is not { } row) return Math.Exp(evidence.LogProbabilities[edge]);
        int first = Math.Max(evidence.Locations[edge] - (int)reach, 0), last = Math.Min(evidence.Locations[edge] + (int)reach, row.Length - 1);
        double mass = 0;
        for (int place = first; place <= last; place++) mass += Math.Exp(row[place]);
        return Math.Min(mass, 1); // the sum of rounded numbers
    }
}
