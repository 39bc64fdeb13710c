using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Runs;

/// <summary>
/// The scores of a run. Figures are a function of the chosen examples, so that one function gives the value, its interval and the
/// difference of two runs.
/// </summary>
internal sealed class RunScores
{
    /// <summary>The figures that <see cref="Of"/> gives, in order.</summary>
    public required IReadOnlyList<(string Key, string Title, bool IsPercent)> Names { get; init; }

    /// <summary>The ids of the units that are sampled: items, or pictures for boxes.</summary>
    public required IReadOnlyList<string> Units { get; init; }

    /// <summary>The figures of chosen units; a unit may be chosen more than once. [figures]</summary>
    public required Func<IReadOnlyList<int>, double[]> Of { get; init; }

    /// <summary>Each item's scores, in the items' order.</summary>
    public required IReadOnlyList<ItemScore> Items { get; init; }

    /// <summary>The main figure of each group.</summary>
    public IReadOnlyList<GroupFigure> Groups { get; init; } = [];

    /// <summary>Figures without an interval, shown after those of <see cref="Names"/>.</summary>
    public IReadOnlyList<Figure> Further { get; init; } = [];

    /// <summary>All figures with their values.</summary>
    /// <param name="intervals">Whether to compute intervals, which take a thousand times as long.</param>
    public IReadOnlyList<Figure> Figures(bool intervals = true)
    {
        double[] values = Of([.. Enumerable.Range(0, Units.Count)]);
        IReadOnlyList<Interval>? ranges = intervals ? Bootstrap.Intervals(Units.Count, Of) : null;
        return
        [
            .. Names.Select((name, i) => new Figure(
                name.Key, name.Title, Rounded(values[i], name.IsPercent), name.IsPercent,
                ranges is null ? null : new Interval(Rounded(ranges[i].Low, name.IsPercent), Rounded(ranges[i].High, name.IsPercent)))),
            .. Further,
        ];
    }

    /// <summary>Rounds a percentage like the official VQA script.</summary>
    internal static double Rounded(double value, bool isPercent) => isPercent && double.IsFinite(value) ? PythonText.Round2(value) : value;
}
