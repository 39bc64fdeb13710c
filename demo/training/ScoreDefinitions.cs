using VlmSharp.Tasks;

namespace VlmSharp.Scenes;

/// <summary>Ways to compute a score from the evidence about a box, each 0 to 1.</summary>
internal static class ScoreDefinitions
{
    private const double Rare = 2e-3; // less likely places are left out of sums over pairs of pairs of places

    /// <summary>All compared definitions; the last one is the one in use.</summary>
    public static readonly IReadOnlyList<(string Name, Func<BoxEvidence, double> Of)> All =
    [
        ("product of the four locations", e => Math.Exp(e.LogProbabilities.Sum())),
        ("product of the four locations, times label", e => Math.Exp(e.LogProbabilities.Sum()) * Label(e)),
        ("geometric mean of the four locations", e => Math.Exp(e.LogProbabilities.Sum() / 4)),
        ("geometric mean of locations and label among those asked for", e => Math.Exp((e.LogProbabilities.Sum() + e.Label) / 5)),
        ("label's likelihood", Label),
        .. new[] { 8, 32, 64 }.Select(k => ($"within {k} places, times label", Times(e => Product(e, k, k)))),
        .. new[] { 8, 4, 3, 2 }.SelectMany(part => (IEnumerable<(string, Func<BoxEvidence, double>)>)[
            ($"within 1/{part} of the side", e => Product(e, Side(e, 0) / part, Side(e, 1) / part)),
            ($"within 1/{part} of the side, times label", Times(e => Product(e, Side(e, 0) / part, Side(e, 1) / part))),
        ]),
        ("root of within 1/4 of the side, times label", Times(e => Math.Sqrt(Product(e, Side(e, 0) / 4, Side(e, 1) / 4)))),
        ("probability of IoU 0.5 or more, times label", Times(e => OfOverlap(e, 0.5))),
        ("Detection.Score", e => BoxScore.Of(e)),
    ];

    /// <summary>The definitions in the drawing: the previous one and the current one.</summary>
    public static IReadOnlyList<(string Name, Func<BoxEvidence, double> Of)> Drawn =>
        [("geometric mean of the tokens", All[3].Of), ("within a third of the side, times label", All[^1].Of)];

    private static Func<BoxEvidence, double> Times(Func<BoxEvidence, double> places) => e => places(e) * Label(e);

    /// <summary>The probability among all tokens.</summary>
    private static double Label(BoxEvidence e) => Math.Min(Math.Exp(e.Label + (e.Allowed ?? 0)), 1);

    /// <summary>Height of the box for edge 0, width for edge 1.</summary>
    private static double Side(BoxEvidence e, int edge) => Math.Abs(e.Locations[edge + 2] - e.Locations[edge]);

    /// <summary>The probability that all edges lie within a number of places of the generated ones.</summary>
    private static double Product(BoxEvidence e, double vertical, double horizontal)
    {
        double product = 1;
        for (int edge = 0; edge < 4; edge++)
        {
            double reach = edge % 2 == 0 ? vertical : horizontal;
            product *= Math.Min(Places(e, edge).Where(p => Math.Abs(p.Place - e.Locations[edge]) <= reach).Sum(p => p.Probability), 1);
        }

        return product;
    }

    /// <summary>
    /// The probability that a box with independent edges overlaps the generated box by at least this: the sum over all boxes of likely
    /// edges.
    /// </summary>
    private static double OfOverlap(BoxEvidence e, double threshold)
    {
        (double Shared, double Side, double Probability)[] rows = Axis(e, 0), columns = Axis(e, 1);
        double area = Side(e, 0) * Side(e, 1), sum = 0;
        foreach ((double sharedRows, double height, double p) in rows)
        {
            foreach ((double sharedColumns, double width, double q) in columns)
            {
                double shared = sharedRows * sharedColumns;
                if (shared >= threshold * (area + height * width - shared)) sum += p * q;
            }
        }

        return Math.Min(sum, 1);
    }

    /// <summary>
    /// Pairs of opposite edges: the length that they share with the generated side, their own length and their probability.
    /// </summary>
    private static (double Shared, double Side, double Probability)[] Axis(BoxEvidence e, int edge)
    {
        (int Place, double Probability)[] first = Likely(edge), second = Likely(edge + 2);
        (int low, int high) = (Math.Min(e.Locations[edge], e.Locations[edge + 2]), Math.Max(e.Locations[edge], e.Locations[edge + 2]));
        double all = first.Sum(p => p.Probability) * second.Sum(p => p.Probability);
        return [.. first.SelectMany(a =>
            second.Select(b => (Math.Max(0.0, Math.Min(high, Math.Max(a.Place, b.Place)) - Math.Max(low, Math.Min(a.Place, b.Place))),
            (double)Math.Abs(a.Place - b.Place), a.Probability * b.Probability / all)))];

        (int, double)[] Likely(int which) => [.. Places(e, which).Where(p => p.Probability > Rare)];
    }

    private static IEnumerable<(int Place, double Probability)> Places(BoxEvidence e, int edge) =>
        e.Rows[edge]!.Select((log, place) => (place, Math.Exp(log)));
}
