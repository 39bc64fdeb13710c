using System.Globalization;
using System.Text;

namespace VlmSharp.Training.Tracking;

/// <summary>A figure of a page: a curve over steps, and optionally a second one.</summary>
internal static class SvgCurve
{
    private const int Width = 800, Height = 220, Left = 60, Right = 10, Top = 10, Bottom = 24, MostPoints = 600;

    /// <summary>Writes the figure; nothing if there is no finite point.</summary>
    /// <param name="page">The HTML page; the figure is appended.</param>
    /// <param name="title">The title above the figure.</param>
    /// <param name="train">One point per step; drawn as means if there are many.</param>
    /// <param name="eval">One point per evaluation, each with a dot.</param>
    public static void Write(
        StringBuilder page, string title, IReadOnlyList<(double X, double Y)> train, IReadOnlyList<(double X, double Y)> eval)
    {
        (double X, double Y)[] line = Thin(train), dots = [.. eval.Where(p => double.IsFinite(p.Y))], all = [.. line, .. dots];
        if (all.Length == 0) return;
        double firstX = all.Min(p => p.X), lastX = Math.Max(all.Max(p => p.X), firstX + 1);
        double low = all.Min(p => p.Y), high = all.Max(p => p.Y);
        if (!(high > low)) (low, high) = low == 0 ? (0, 1) : (Math.Min(0, 2 * low), Math.Max(0, 2 * low)); // a level line, in the middle
        page.Append(CultureInfo.InvariantCulture, $"""
            <h2>{HtmlReport.Text(title)}</h2>
            <svg viewBox="0 0 {Width} {Height}" role="img" aria-label="{HtmlReport.Text(title)}">
            <rect class="frame" x="{Left}" y="{Top}" width="{Width - Left - Right}" height="{Height - Top - Bottom}"/>
            <text x="{Left - 6}" y="{Top + 10}" text-anchor="end">{high:G4}</text>
            <text x="{Left - 6}" y="{Height - Bottom}" text-anchor="end">{low:G4}</text>
            <text x="{Left}" y="{Height - 6}">{firstX:0}</text>
            <text x="{Width - Right}" y="{Height - 6}" text-anchor="end">step {lastX:0}</text>

            """);
        Polyline("train", line);
        Polyline("eval", dots);
        foreach (var p in dots)
            page.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{At(p).X:0.#}\" cy=\"{At(p).Y:0.#}\" r=\"3\"/>\n");
        page.Append("</svg>\n");

        (double X, double Y) At((double X, double Y) p) =>
            (Left + (p.X - firstX) / (lastX - firstX) * (Width - Left - Right),
                Top + (high - p.Y) / (high - low) * (Height - Top - Bottom));

        void Polyline(string style, (double X, double Y)[] points)
        {
            if (points.Length == 0) return;
            string places = string.Join(' ', points.Select(At).Select(p => FormattableString.Invariant($"{p.X:0.#},{p.Y:0.#}")));
            page.Append(CultureInfo.InvariantCulture, $"<polyline class=\"{style}\" points=\"{places}\"/>\n");
        }
    }

    /// <summary>As many points as can be seen: means of equal parts.</summary>
    private static (double X, double Y)[] Thin(IReadOnlyList<(double X, double Y)> points)
    {
        int parts = Math.Min(points.Count, MostPoints);
        double?[] x = LossCurve.Means([.. points.Select(p => p.X)], parts), y = LossCurve.Means([.. points.Select(p => p.Y)], parts);
        return [.. Enumerable.Range(0, parts).Where(i => x[i] is not null && y[i] is not null).Select(i => (x[i]!.Value, y[i]!.Value))];
    }
}
