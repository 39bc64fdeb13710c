using System.Globalization;
using System.Security;
using System.Text;

namespace VlmSharp.Cli.Output;

/// <summary>An SVG drawing on a white background; numbers always use a decimal point.</summary>
internal sealed class SvgDrawing
{
    /// <summary>Colors of primary and secondary text.</summary>
    public const string Ink = "#1f2933", Faint = "#52606d";

    private readonly StringBuilder svg = new();

    /// <summary>Begins a drawing.</summary>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    public SvgDrawing(int width, int height)
    {
        string box = $"0 0 {width} {height}";
        Line($"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{box}" font-family="sans-serif">
            """);
        Rectangle(0, 0, width, height, "#ffffff");
    }

    /// <summary>A filled rectangle.</summary>
    public void Rectangle(double x, double y, double width, double height, string fill) =>
        Line($"""<rect x="{x:0.##}" y="{y:0.##}" width="{width:0.##}" height="{height:0.##}" fill="{fill}"/>""");

    /// <summary>A line of text; <paramref name="anchor"/> is the part of it at <paramref name="x"/>: start, middle or end.</summary>
    public void Text(double x, double y, string text, int size, string fill, bool bold = false, string anchor = "start")
    {
        int weight = bold ? 600 : 400;
        string escaped = SecurityElement.Escape(text);
        string style = $"fill=\"{fill}\" text-anchor=\"{anchor}\" font-weight=\"{weight}\"";
        Line($"""<text x="{x:0.##}" y="{y:0.##}" font-size="{size}" {style}>{escaped}</text>""");
    }

    /// <summary>A straight line.</summary>
    public void Stroke(double x1, double y1, double x2, double y2, string color, double width = 1, bool dashed = false)
    {
        string dashes = dashed ? " stroke-dasharray=\"6 4\"" : "";
        Line($"""<line x1="{x1:0.##}" y1="{y1:0.##}" x2="{x2:0.##}" y2="{y2:0.##}" stroke="{color}" stroke-width="{width}"{dashes}/>""");
    }

    /// <summary>A line through points, with a dot on each.</summary>
    public void Curve(IReadOnlyList<(double X, double Y)> points, string color)
    {
        string places = string.Join(' ', points.Select(p => FormattableString.Invariant($"{p.X:0.##},{p.Y:0.##}")));
        Line($"""<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>""");
        foreach ((double x, double y) in points) Line($"""<circle cx="{x:0.##}" cy="{y:0.##}" r="2.5" fill="{color}"/>""");
    }

    /// <summary>Ends the drawing and writes it.</summary>
    /// <param name="path">An SVG file, UTF-8; an existing one is replaced.</param>
    public void Save(string path) => File.WriteAllText(path, End());

    /// <summary>Ends the drawing.</summary>
    /// <returns>The markup, which can be embedded in a page.</returns>
    public string End()
    {
        Line($"</svg>");
        return svg.ToString();
    }

    private void Line(FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
