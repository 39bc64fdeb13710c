using System.Globalization;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Measurement;

/// <summary>
/// The stages as bars, in SVG. Each stage has its own scale, from 0 to its slowest backend, since stages differ a thousandfold. The dark
/// part of a bar is the floor: the time at the backend's own limit.
/// </summary>
/// <param name="reports">Reports of the same work, at least one.</param>
internal sealed class BenchChart(IReadOnlyList<BenchReport> reports)
{
    private const int Width = 860, Left = 110, BarWidth = 470, Bar = 20, Gap = 6, Between = 42, Top = 92, LineHeight = 18;

    /// <summary>
    /// A color for each backend and a darker one for its floor; people with red-green color blindness can distinguish them too.
    /// </summary>
    private static readonly (string Time, string Floor)[] Colors =
        [("#7db4e6", "#1f5f99"), ("#f2b46b", "#b3670b"), ("#9ccfb8", "#2a7a57"), ("#c3c9d1", "#6b7684")];

    private int Height => Top + reports[0].Stages.Count * (reports.Count * (Bar + Gap) + Between) + reports.Count * LineHeight + 8;

    /// <summary>Writes the file.</summary>
    /// <param name="path">An SVG file; an existing one is replaced.</param>
    public void Save(string path)
    {
        var svg = new SvgDrawing(Width, Height);
        string model = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(reports[0].Model)));
        svg.Text(24, 34, $"vlmsharp bench: {model}", 18, SvgDrawing.Ink, bold: true);
        const string Legend = "Median time of each stage, each on its own scale. Dark: the floor, the time at the backend's own limit.";
        svg.Text(24, 58, Legend, 13, SvgDrawing.Faint);
        int y = Top;
        for (int stage = 0; stage < reports[0].Stages.Count; stage++) y = Stage(svg, stage, y);
        foreach (BenchReport report in reports)
        {
            svg.Text(24, y, report.Description, 12, SvgDrawing.Faint);
            y += LineHeight;
        }

        svg.Save(path);
    }

    /// <summary>Draws a heading, and a bar for each backend.</summary>
    /// <returns>The y coordinate of the next stage.</returns>
    private int Stage(SvgDrawing svg, int stage, int y)
    {
        BenchStage first = reports[0].Stages[stage];
        double slowest = Math.Max(reports.Max(report => report.Stages[stage].Seconds), 1e-9);
        svg.Text(24, y, $"{first.Name}: {first.Work}", 13, SvgDrawing.Ink, bold: true);
        y += 10;
        for (int i = 0; i < reports.Count; i++, y += Bar + Gap)
        {
            BenchStage s = reports[i].Stages[stage];
            (string time, string floor) = Colors[i % Colors.Length];
            double length = BarWidth * s.Seconds / slowest;
            svg.Text(Left - 10, y + 15, reports[i].Backend, 13, SvgDrawing.Ink, anchor: "end");
            svg.Rectangle(Left, y, Math.Max(length, 1), Bar, time);
            if (s.HasFloor) svg.Rectangle(Left, y, length * Math.Min(s.Share, 1), Bar, floor);
            string label = s.HasFloor ? $"{Time(s.Seconds)}, {s.Share:P0} of the limit" : Time(s.Seconds);
            svg.Text(Left + length + 8, y + 15, label, 13, SvgDrawing.Ink);
        }

        return y + Between - 10;
    }

    /// <summary>A time with about three significant digits.</summary>
    private static string Time(double seconds) => seconds switch
    {
        >= 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
        >= 0.1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0} ms"),
        >= 0.01 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.00} ms"),
    };
}
