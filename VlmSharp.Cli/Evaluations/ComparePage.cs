using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Evaluation.Statistics;
using VlmSharp.Explain.Html;

namespace VlmSharp.Cli.Evaluations;

/// <summary>A comparison of two runs as tables, as JSON and as an HTML page.</summary>
internal static class ComparePage
{
    private const int LongestCell = 60;

    /// <summary>Writes tables to standard output.</summary>
    public static void Show(RunComparison c, int most)
    {
        string alone = c.OnlyFirst + c.OnlySecond > 0
            ? $"; left out: {c.OnlyFirst} of the first alone, {c.OnlySecond} of the second alone"
            : "";
        Console.WriteLine($"{c.Benchmark.Title}: {c.Items} items of both{alone}");
        Table table = Tables.Create("metric", "first", "second", "difference", "95 % interval", "p");
        foreach ((Figure first, Figure second, PairedDifference d) in c.Figures)
            table.AddPlainRow(
                first.Title, first.Shown, second.Shown, Number(d.Difference, first.IsPercent), Range(d, first.IsPercent), P(d));
        Tables.Write(table);
        int better = c.Changed.Count(i => i.After > i.Before), worse = c.Changed.Count(i => i.After < i.Before);
        Console.WriteLine($"{Figures.Count(c.Changed.Count, "answer")} changed: {better} are better, {worse} worse");
        if (c.Changed.Count == 0 || most == 0) return;
        Table changed = Tables.Create("id", "first", "second", "score", "was");
        foreach (ChangedItem item in c.Changed.Take(most))
            changed.AddPlainRow(
                Cut(item.First.Item.Id), Cut(item.First.Answer.Text), Cut(item.Second.Answer.Text), Score(item.After), Score(item.Before));
        Tables.Write(changed);
        if (c.Changed.Count > most) Console.WriteLine($"and {c.Changed.Count - most} more: --json has all");
    }

    /// <summary>Writes one object.</summary>
    public static void Write(Utf8JsonWriter o, RunComparison c)
    {
        o.WriteStartObject();
        o.WriteString("benchmark", c.Benchmark.Name);
        o.WriteNumber("items", c.Items);
        o.WriteNumber("only_first", c.OnlyFirst);
        o.WriteNumber("only_second", c.OnlySecond);
        o.WriteStartObject("scores");
        foreach ((Figure first, Figure second, PairedDifference d) in c.Figures)
        {
            if (!double.IsFinite(d.Difference)) continue;
            o.WriteStartObject(first.Key);
            o.WriteNumber("first", first.Value);
            o.WriteNumber("second", second.Value);
            o.WriteNumber("difference", d.Difference);
            o.WriteInterval("interval", d.Interval);
            o.WriteNumber("p", d.PValue);
            o.WriteEndObject();
        }

        o.WriteEndObject();
        o.WriteStartArray("changed");
        foreach (ChangedItem item in c.Changed)
        {
            o.WriteStartObject();
            RecordJson.WriteId(o, "id", item.First.Item.Id);
            o.WriteString("prompt", item.First.Item.Prompt);
            o.WriteString("first", item.First.Answer.Text);
            o.WriteString("second", item.Second.Answer.Text);
            o.WriteNumber("score_first", item.Before);
            o.WriteNumber("score_second", item.After);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    /// <summary>Writes a page.</summary>
    public static void Write(RunComparison c, Stream stream, int most) =>
        PageFrame.Write(stream, $"{c.Benchmark.Title}: two runs", "Comparison", page => WriteBody(page, c, most));

    private static void WriteBody(HtmlWriter page, RunComparison c, int most)
    {
        page.Add($"<dl><div><dt>items of both</dt><dd>{c.Items}</dd></div>");
        page.Add($"""
            <div><dt>left out</dt><dd>{c.OnlyFirst} of the first alone, {c.OnlySecond} of the
            second alone</dd></div><div><dt>changed answers</dt><dd>{c.Changed.Count}</dd></div></dl></header><section><h2>Scores</h2>
            """);
        using (var table = new PageTable(page, 1, "metric", "first", "second", "difference", "95 % interval", "p"))
            foreach ((Figure first, Figure second, PairedDifference d) in c.Figures)
                table.Row(
                    first.Key == c.Benchmark.Main,
                    first.Title,
                    first.Shown,
                    second.Shown,
                    Number(d.Difference, first.IsPercent),
                    Range(d, first.IsPercent),
                    P(d));
        page.Add($"""<p class="note">Each draw takes the same items of both runs (paired bootstrap, 1000 draws). """);
        page.Add($"""
            An interval without 0 is a difference that does not
            come from which items were asked.</p></section><section><h2>Answers that changed</h2>
            """);
        page.Add($"""<p class="note">Those that lost most first.</p><div class="cases">""");
        foreach (ChangedItem item in c.Changed.Take(most))
            CaseFigure.Write(page, item.Second, $"score {Score(item.After)}, was {Score(item.Before)}", item.First.Answer.Text);
        page.Add($"</div></section>\n");
    }

    private static string Number(double value, bool isPercent) =>
        value.ToString(isPercent ? "+0.00;-0.00;0.00" : "+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);

    private static string Range(PairedDifference d, bool isPercent) =>
        $"{Number(d.Interval.Low, isPercent)} to {Number(d.Interval.High, isPercent)}";

    private static string P(PairedDifference d) => d.PValue.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Score(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Cut(string text) => text.Length <= LongestCell ? text : text[..LongestCell] + "...";
}
