using System.Globalization;
using System.Text;
using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Scenes;

/// <summary>
/// Draws reliability curves in SVG: the share of right boxes among those of about a score. On the diagonal the score is a probability.
/// </summary>
internal static class ReliabilityDrawing
{
    private const int Left = 60, Top = 20, Side = 340;
    private const double FewBoxes = 10; // a range with fewer boxes is not significant
    private static readonly string[] Colors = ["#b45309", "#2563eb"];

    /// <summary>Writes the drawing.</summary>
    /// <param name="path">An SVG file; an existing one is replaced.</param>
    /// <param name="curves">The curves: a name and ranges of scores.</param>
    public static void Save(string path, IReadOnlyList<(string Name, IReadOnlyList<ReliabilityBin> Bins)> curves)
    {
        var svg = new StringBuilder();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 420\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        for (int tenth = 0; tenth <= 10; tenth += 2)
        {
            double share = tenth / 10.0;
            Line(svg, $"<path d=\"M{Left} {Y(share):0.#}H{Left + Side}\" stroke=\"#e4e4e4\"/>");
            Line(svg, $"<text x=\"{Left - 8}\" y=\"{Y(share) + 4:0.#}\" text-anchor=\"end\" fill=\"#555\">{share:0.0}</text>");
            Line(svg, $"<text x=\"{X(share):0.#}\" y=\"{Top + Side + 18}\" text-anchor=\"middle\" fill=\"#555\">{share:0.0}</text>");
        }

        Line(svg, $"<path d=\"M{X(0):0.#} {Y(0):0.#}L{X(1):0.#} {Y(1):0.#}\" stroke=\"#999\" stroke-dasharray=\"5 4\"/>");
        for (int i = 0; i < curves.Count; i++)
        {
            ReliabilityBin[] bins = [.. curves[i].Bins.Where(bin => bin.Count >= FewBoxes)];
            string points = string.Join(
                ' ', bins.Select(bin => string.Create(CultureInfo.InvariantCulture, $"{X(bin.MeanScore):0.#},{Y(bin.Precision):0.#}")));
            Line(svg, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{Colors[i]}\" stroke-width=\"2\"/>");
            foreach (ReliabilityBin bin in bins)
            {
                double radius = 1.5 + Math.Sqrt(bin.Count) / 5;
                Line(svg, $"<circle cx=\"{X(bin.MeanScore):0.#}\" cy=\"{Y(bin.Precision):0.#}\" r=\"{radius:0.#}\"");
                Line(svg, $"  fill=\"{Colors[i]}\" fill-opacity=\"0.7\"><title>{bin.Count} boxes</title></circle>");
            }

            Line(svg, $"<rect x=\"430\" y=\"{Top + 24 * i}\" width=\"12\" height=\"12\" fill=\"{Colors[i]}\"/>");
            Line(svg, $"<text x=\"450\" y=\"{Top + 11 + 24 * i}\" fill=\"#333\">{curves[i].Name}</text>");
        }

        Line(svg, $"<text x=\"450\" y=\"{Top + 11 + 24 * curves.Count}\" fill=\"#333\">dashed: a score that is a probability</text>");
        Line(svg, $"<text x=\"450\" y=\"{Top + 35 + 24 * curves.Count}\" fill=\"#333\">larger dots: more boxes</text>");
        Line(svg, $"<g text-anchor=\"middle\" fill=\"#333\">");
        Line(svg, $"<text x=\"{Left + Side / 2}\" y=\"{Top + Side + 42}\">score of the box, mean of a tenth</text>");
        Line(svg, $"<text x=\"18\" y=\"{Top + Side / 2}\" transform=\"rotate(-90 18 {Top + Side / 2})\">");
        Line(svg, $"share of boxes that are right, IoU 0.5</text></g>");
        Line(svg, $"</svg>");
        File.WriteAllText(path, svg.ToString());
    }

    private static double X(double score) => Left + Side * score;

    private static double Y(double precision) => Top + Side * (1 - precision);

    private static void Line(StringBuilder svg, FormattableString line) =>
        svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
