using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace VlmSharp.Server.Observing;

/// <summary>
/// Prometheus' text format 0.0.4, and what OpenTelemetry's instruments are called in it ("Prometheus and OpenMetrics compatibility",
/// OpenTelemetry specification 1.50): every character but letters, digits and underscores becomes an underscore, the unit follows in words,
/// and a counter ends in <c>_total</c>.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>A metric's name.</summary>
    public static string Name(Instrument instrument, bool isCounter)
    {
        string name = Identifier(instrument.Name), unit = Unit(instrument.Unit);
        if (unit.Length > 0 && !name.EndsWith($"_{unit}", StringComparison.Ordinal)) name = $"{name}_{unit}";
        return isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? $"{name}_total" : name;
    }

    /// <summary>Labels without their braces, <c>a="1",b="2"</c>; empty where there are none.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach ((string key, object? value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            text.Append(Identifier(key)).Append("=\"");
            foreach (char c in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
                text.Append(c switch { '\\' => @"\\", '"' => "\\\"", '\n' => @"\n", _ => c.ToString() });
            text.Append('"');
        }

        return text.ToString();
    }

    /// <summary>The two lines before a metric's samples.</summary>
    public static void WriteHead(StringBuilder text, string name, string type, string? help)
    {
        string line = (help ?? name).Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        text.Append("# HELP ").Append(name).Append(' ').Append(line).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>One sample's line.</summary>
    /// <param name="text">Receives it.</param>
    /// <param name="name">The metric's name, with a histogram's suffix.</param>
    /// <param name="labels">As <see cref="Labels"/> gives them.</param>
    /// <param name="bound">A bucket's upper border, or null.</param>
    /// <param name="value">A count or a measurement; infinity and NaN are written as Prometheus spells them.</param>
    public static void WriteSample(StringBuilder text, string name, string labels, double? bound, double value)
    {
        text.Append(name);
        string border = bound is { } le ? $"le=\"{Number(le)}\"" : "";
        string comma = labels.Length > 0 && border.Length > 0 ? "," : "";
        if (labels.Length + border.Length > 0) text.Append('{').Append(labels).Append(comma).Append(border).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Identifier(string name)
    {
        char[] plain = [.. name.Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '_')];
        return char.IsAsciiDigit(plain[0]) ? $"_{new string(plain)}" : new string(plain);
    }

    /// <summary>A UCUM unit in words: <c>s</c> is seconds, <c>{token}/s</c> is per_second; text in braces is a remark.</summary>
    private static string Unit(string? unit)
    {
        if (string.IsNullOrEmpty(unit)) return "";
        string[] parts = unit.Split('/', 2);
        string over = Word(parts[0]);
        if (parts.Length == 1) return over;
        string under = Word(parts[1]).TrimEnd('s');
        return under.Length == 0 ? over : over.Length == 0 ? $"per_{under}" : $"{over}_per_{under}";
    }

    private static string Word(string unit) => unit switch
    {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "1" => "",
        _ => unit.StartsWith('{') ? "" : Identifier(unit),
    };
}
