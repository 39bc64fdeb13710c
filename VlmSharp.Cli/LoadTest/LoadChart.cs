using System.Globalization;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// Latencies and throughput as curves, in SVG: over the stages of a sweep, or over the time of a single stage. Latencies have a logarithmic
/// scale: an overloaded server is a hundred times slower, not twice.
/// </summary>
/// <param name="title">What was measured.</param>
/// <param name="plan">The plan of the test.</param>
/// <param name="stages">At least one stage.</param>
internal sealed class LoadChart(string title, LoadPlan plan, IReadOnlyList<StageReport> stages)
{
    private const int Width = 860, Left = 84, Right = 130, PanelHeight = 170, Between = 62, Top = 96;
    private const string Grid = "#e4e7eb", Limit = "#c0392b";

    /// <summary>A color for each curve of a panel; people with red-green color blindness can distinguish them too.</summary>
    private static readonly string[] Colors = ["#1f5f99", "#b3670b", "#7b3f98"];

    private bool IsOverTime => stages.Count == 1;

    private bool IsOpen => stages[0].Stage.Rate is not null;

    /// <summary>A curve: its name, and its value at each position of the axis; NaN for no value.</summary>
    private readonly record struct Series(string Name, IReadOnlyList<double> Values);

    /// <summary>The horizontal positions of the values, 0 to 1, and the labels of the axis.</summary>
    private readonly record struct Axis(IReadOnlyList<double> Places, IReadOnlyList<(double Place, string Label)> Labels, string Name);

    /// <summary>Writes the file.</summary>
    /// <param name="path">An SVG file; an existing one is replaced.</param>
    public void Save(string path)
    {
        (Axis axis, Series[][] panels) = IsOverTime ? OverTime(stages[0]) : OverStages();
        var svg = new SvgDrawing(Width, Top + panels.Length * (PanelHeight + Between) - 4);
        svg.Text(24, 34, title, 18, SvgDrawing.Ink, bold: true);
        string what = IsOpen ? "Poisson arrivals (open loop)" : "Each client waits for its answer and asks again (closed loop)";
        string stage = IsOverTime ? $", {stages[0].Stage}" : "";
        svg.Text(24, 58, $"{what}{stage}. Times count from when a request was due.", 13, SvgDrawing.Faint);
        (string Name, double? Limit, bool IsTime)[] kinds =
        [
            ("Time to first token", plan.FirstTokenDeadline, true),
            ("Whole request", plan.Deadline, true),
            ("Requests a second", null, false),
        ];
        for (int i = 0; i < panels.Length; i++)
        {
            int y = Top + i * (PanelHeight + Between);
            Panel(svg, y, axis, panels[i], kinds[i].Name, kinds[i].Limit, kinds[i].IsTime);
        }

        svg.Save(path);
    }

    private (Axis Axis, Series[][] Panels) OverStages()
    {
        double[] levels = [.. stages.Select(s => Math.Log(s.Stage.Level))];
        double first = levels.Min(), range = Math.Max(levels.Max() - first, 1e-9);
        double[] places = [.. levels.Select(l => (l - first) / range)];
        var axis = new Axis(places, [.. stages.Select((s, i) => (places[i], Number(s.Stage.Level)))], IsOpen ? "requests/s" : "clients");
        var good = new Series("in time", [.. stages.Select(s => s.GoodPerSecond)]);
        Series[] rates =
        [
            new("answered", [.. stages.Select(s => s.RequestsPerSecond)]),
            new("failed", [.. stages.Select(s => s.Seconds > 0 ? s.Failed / s.Seconds : 0)]),
            .. plan.Deadline is null && plan.FirstTokenDeadline is null ? Array.Empty<Series>() : [good],
        ];
        return (axis, [Latencies([.. stages.Select(s => s.FirstToken)]), Latencies([.. stages.Select(s => s.Whole)]), rates]);
    }

    private static (Axis Axis, Series[][] Panels) OverTime(StageReport stage)
    {
        IReadOnlyList<StageReport.Slice> slices = stage.Slices();
        var time = ChartScale.FromZero([.. slices.Select(s => s.Middle + s.Seconds / 2)]);
        var axis = new Axis([.. slices.Select(s => time.At(s.Middle))], [.. time.Ticks.Select(t => (time.At(t), Number(t)))], "seconds");
        Series[] rates =
        [
            new("sent", [.. slices.Select(s => s.Requests / s.Seconds)]),
            new("failed", [.. slices.Select(s => s.Failed / s.Seconds)]),
        ];
        return (axis, [Latencies([.. slices.Select(s => s.FirstToken)]), Latencies([.. slices.Select(s => s.Whole)]), rates]);
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    private static Series[] Latencies(Percentiles[] places) =>
        [.. Percentiles.Shown.Select(percent => new Series($"p{percent}", [.. places.Select(p => p[percent])]))];

    private static void Panel(SvgDrawing svg, int y, Axis axis, Series[] all, string name, double? limit, bool isTime)
    {
        svg.Text(24, y - 12, isTime ? $"{name}, ms" : name, 13, SvgDrawing.Ink, bold: true);
        double[] values = [.. all.SelectMany(s => s.Values).Where(double.IsFinite), .. limit is { } l ? new[] { l } : []];
        ChartScale scale = isTime ? ChartScale.Logarithmic(values) : ChartScale.FromZero(values);
        foreach (double tick in scale.Ticks)
        {
            svg.Stroke(Left, Y(tick), Width - Right, Y(tick), Grid);
            svg.Text(Left - 8, Y(tick) + 4, Number(isTime ? tick * 1e3 : tick), 12, SvgDrawing.Faint, anchor: "end");
        }

        svg.Stroke(Left, y + PanelHeight, Width - Right, y + PanelHeight, SvgDrawing.Faint);
        if (limit is { } line)
        {
            svg.Stroke(Left, Y(line), Width - Right, Y(line), Limit, dashed: true);
            svg.Text(Width - Right - 4, Y(line) - 5, "deadline", 12, Limit, anchor: "end");
        }

        double free = double.NegativeInfinity; // where the next label has room
        foreach ((double place, string label) in axis.Labels.OrderBy(l => l.Place))
        {
            if (X(place) < free) continue;
            svg.Text(X(place), y + PanelHeight + 18, label, 12, SvgDrawing.Faint, anchor: "middle");
            free = X(place) + 12 + 8 * label.Length;
        }

        svg.Text(Width - Right + 34, y + PanelHeight + 18, axis.Name, 12, SvgDrawing.Faint);
        for (int i = 0; i < all.Length; i++)
        {
            svg.Rectangle(Width - Right + 34, y + 4 + 20 * i, 14, 4, Colors[i]);
            svg.Text(Width - Right + 54, y + 10 + 20 * i, all[i].Name, 12, SvgDrawing.Ink);
            (double, double)[] points =
            [
                .. all[i].Values.Select((v, place) => (X: X(axis.Places[place]), Y: Y(v))).Where(p => double.IsFinite(p.Y)),
            ];
            if (points.Length > 0) svg.Curve(points, Colors[i]);
        }

        double X(double place) => Left + 12 + place * (Width - Left - Right - 24);
        double Y(double value) => y + PanelHeight * (1 - scale.At(value));
    }
}
