using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Runs;

/// <summary>
/// The scores of a run. Figures are a function of which examples are taken, so that the same function gives the value, its interval and
/// the difference of two runs.
/// </summary>
internal sealed class RunScores
{
    /// <summary>The figures that can be drawn again, in order.</summary>
    public required IReadOnlyList<(string Key, string Title, bool IsPercent)> Names { get; init; }

    /// <summary>The ids of what is drawn: items, or the pictures of boxes.</summary>
    public required IReadOnlyList<string> Units { get; init; }

    /// <summary>The figures of a choice of the units, in which one may be more than once. [figures]</summary>
    public required Func<IReadOnlyList<int>, double[]> Of { get; init; }

    /// <summary>Each item's scores, in the items' order.</summary>
    public required IReadOnlyList<ItemScore> Items { get; init; }

    /// <summary>Groups.</summary>
    public IReadOnlyList<GroupFigure> Groups { get; init; } = [];

    /// <summary>Figures without an interval, behind those of <see cref="Names"/>.</summary>
    public IReadOnlyList<Figure> Further { get; init; } = [];

    /// <summary>All figures with their values.</summary>
    /// <param name="intervals">Whether with intervals, which take a thousand times as long.</param>
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

    /// <summary>As the official script of VQA rounds, in per cent.</summary>
    internal static double Rounded(double value, bool isPercent) => isPercent && double.IsFinite(value) ? PythonText.Round2(value) : value;
}
