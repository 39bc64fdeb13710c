using System.Globalization;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Robustness;
using VlmSharp.Evaluation.Runs;

namespace VlmSharp.Cli.Evaluations;

/// <summary>
/// A small chart for each kind of picture degradation: the main figure over the level, starting with the unchanged picture.
/// </summary>
internal static class RobustnessChart
{
    private const int Width = 220, Height = 150, Left = 44, Bottom = 30, Top = 26, Columns = 3;
    private const string Color = "#2f6fb0", Pale = "#b7cde4";

    /// <summary>Draws all charts.</summary>
    /// <returns>SVG.</returns>
    public static string Draw(EvaluationResult result)
    {
        var ways = result.Variants.Where(v => v.Variant.Picture is not null).GroupBy(v => v.Variant.Name).ToArray();
        double top = Math.Max(1e-9, result.Variants.Select(v => result.MainOf(v.Figures))
            .Append(result.Main)
            .Max(f => Math.Max(f.Value, f.Interval?.High ?? f.Value)));
        var drawing = new SvgDrawing(Columns * Width, Math.Max(1, (ways.Length + Columns - 1) / Columns) * Height);
        for (int w = 0; w < ways.Length; w++)
        {
            double x0 = w % Columns * Width + Left, y0 = w / Columns * Height + Height - Bottom;
            double width = Width - Left - 12, height = Height - Top - Bottom;
            (Variant Variant, IReadOnlyList<Figure> Figures)[] levels = [.. ways[w]];
            drawing.Text(x0, y0 - height - 10, $"{levels[0].Variant.Name} ({levels[0].Variant.Unit})", 12, SvgDrawing.Ink, bold: true);
            drawing.Stroke(x0, y0, x0 + width, y0, SvgDrawing.Faint);
            drawing.Stroke(x0, y0, x0, y0 - height, SvgDrawing.Faint);
            drawing.Text(x0 - 5, y0 + 4, "0", 10, SvgDrawing.Faint, anchor: "end");
            drawing.Text(x0 - 5, y0 - height + 4, top.ToString("0.##", CultureInfo.InvariantCulture), 10, SvgDrawing.Faint, anchor: "end");
            Figure[] figures = [result.Main, .. levels.Select(l => result.MainOf(l.Figures))];
            string[] names = ["none", .. levels.Select(l => l.Variant.Level.ToString(CultureInfo.InvariantCulture))];
            var points = new List<(double, double)>();
            for (int i = 0; i < figures.Length; i++)
            {
                double x = x0 + (i + 0.5) * width / figures.Length;
                if (figures[i].Interval is { } interval) drawing.Stroke(x, Y(interval.Low), x, Y(interval.High), Pale, 5);
                drawing.Text(x, y0 + 13, names[i], 10, SvgDrawing.Faint, anchor: "middle");
                points.Add((x, Y(figures[i].Value)));
            }

            drawing.Curve(points, Color);

            double Y(double value) => y0 - Math.Clamp(value / top, 0, 1) * height;
        }

        return drawing.End();
    }
}
