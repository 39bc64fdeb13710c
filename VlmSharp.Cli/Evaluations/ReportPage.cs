using System.Globalization;
using VlmSharp.Evaluation.Robustness;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Explain.Html;

namespace VlmSharp.Cli.Evaluations;

/// <summary>The report of an evaluation as an HTML page.</summary>
internal static class ReportPage
{
    private const int Bins = 10, MostGroups = 100;

    /// <summary>Writes the page.</summary>
    /// <param name="result">The result of the evaluation.</param>
    /// <param name="stream">Receives the page; left open.</param>
    /// <param name="worst">Number of worst answers to show.</param>
    public static void Write(EvaluationResult result, Stream stream, int worst) =>
        PageFrame.Write(stream, $"{result.Benchmark.Title}: {result.Model}", "Evaluation", page => WriteBody(page, result, worst));

    private static void WriteBody(HtmlWriter page, EvaluationResult result, int worst)
    {
        page.Add($"<dl><div><dt>items</dt><dd>{result.Items.Count}</dd></div>");
        page.Add($"""
            <div><dt>without an answer</dt><dd>{result.Errors}, counted as empty answers</dd></div>
            <div><dt>{result.Main.Title}</dt><dd>{result.Main.Shown} ({result.Main.ShownInterval})</dd></div></dl></header>

            """);
        WriteScores(page, result);
        WriteDistribution(page, result);
        WriteGroups(page, result);
        if (result.Variants.Count > 0) WriteVariants(page, result);
        WriteLatency(page, result.Latency);
        WriteWorst(page, result, worst);
    }

    private static void WriteScores(HtmlWriter page, EvaluationResult result)
    {
        page.Add($"<section><h2>Scores</h2>");
        using (var table = new PageTable(page, 1, "metric", "score", "95 % interval"))
            foreach (Figure figure in result.Figures) table.Row(figure == result.Main, figure.Title, figure.Shown, figure.ShownInterval);
        page.Add($"""<p class="note">Intervals: the items drawn again a thousand times, with replacement (bootstrap). """);
        page.Add($"""
            Another set of as many items would score in
            there 95 times of 100.</p>
            """);
        WritePublished(page, result);
        page.Add($"</section>\n");
    }

    private static void WritePublished(HtmlWriter page, EvaluationResult result)
    {
        Benchmark benchmark = result.Benchmark;
        if (benchmark.Published.Count == 0) return;
        page.Add($"<h3>Beside the published figures</h3>");
        using (var table = new PageTable(page, 2, "model", "measured on", result.Main.Title))
        {
            table.Row(true, $"{result.Model}, this run", Figures.Count(result.Items.Count, "item"), result.Main.Shown);
            foreach (PublishedFigure figure in benchmark.Published)
                table.Row(figure.Model, figure.Split, Figure.Show(figure.Value * benchmark.PublishedScale, result.Main.IsPercent));
        }

        page.Add($"""<p class="note">Each published figure is of a model fine-tuned on this benchmark: """);
        string scale = benchmark.PublishedScale != 1 ? "; the papers print a hundred times the number" : "";
        page.Add($"""
            PaliGemma (Beyer et al. 2024, arXiv:2407.07726) and
            PaliGemma 2 (Steiner et al. 2024, arXiv:2412.03555){scale}.
            A part of a split, another split or another prompt gives a figure that cannot be held against them.</p>
            """);
    }

    private static void WriteDistribution(HtmlWriter page, EvaluationResult result)
    {
        double most = result.Benchmark.Kind == RunKind.Captions ? 10 : 1; // CIDEr-D goes to 10
        var counts = new int[Bins];
        foreach (ItemScore score in result.Scores.Items) counts[Math.Clamp((int)(score.Main / most * Bins), 0, Bins - 1)]++;
        page.Add($"<section><h2>Scores of single items</h2>");
        using (var table = new PageTable(page, 1))
            for (int i = 0; i < Bins; i++)
                table.Bar($"{Edge(i)} to {Edge(i + 1)}", (double)counts[i] / Math.Max(1, counts.Max()), $"{counts[i]}");
        page.Add($"</section>\n");

        string Edge(int i) => (most * i / Bins).ToString("0.#", CultureInfo.InvariantCulture);
    }

    private static void WriteGroups(HtmlWriter page, EvaluationResult result)
    {
        if (result.Scores.Groups.Count == 0) return;
        bool isPercent = result.Benchmark.Kind != RunKind.Boxes;
        page.Add($"<section><h2>By type</h2>");
        using (var table = new PageTable(page, 1))
            foreach (GroupFigure group in result.Scores.Groups.Take(MostGroups))
                table.Bar(
                    $"{group.Kind.Replace('_', ' ')}: {group.Name} ({group.Count})",
                    isPercent ? group.Value / 100 : group.Value,
                    Figure.Show(group.Value, isPercent));
        page.Add($"""<p class="note">{result.Main.Title}; in brackets how many.""");
        if (result.Scores.Groups.Count > MostGroups)
            page.Add($" The first {MostGroups} of {result.Scores.Groups.Count} groups; scores.json has all.");
        page.Add($"</p></section>\n");
    }

    private static void WriteVariants(HtmlWriter page, EvaluationResult result)
    {
        page.Add($"<section><h2>Robustness</h2><p>The same items with other prompts and with worse pictures: ");
        page.Add($"""
            {result.Main.Title}, {result.Main.Shown} for the
            items as they are. Bars are 95 % intervals.</p><div class="wide">
            """);
        page.Literal(RobustnessChart.Draw(result));
        page.Add($"</div>");
        using (var table = new PageTable(page, 1, "variant", "level", result.Main.Title, "95 % interval"))
            foreach ((Variant variant, IReadOnlyList<Figure> figures) in result.Variants)
            {
                Figure main = result.MainOf(figures);
                string level = variant.Picture is null ? "" : $"{variant.Level.ToString(CultureInfo.InvariantCulture)} {variant.Unit}";
                table.Row(variant.Name, level, main.Shown, main.ShownInterval);
            }

        page.Add($"</section>\n");
    }

    private static void WriteLatency(HtmlWriter page, LatencyFigures? latency)
    {
        if (latency is null) return;
        page.Add($"<section><h2>Latency</h2>");
        using (var table = new PageTable(page, 1))
        {
            table.Row("mean", Number(latency.Mean, "0.000 's'"));
            table.Row("median", Number(latency.Median, "0.000 's'"));
            table.Row("95th percentile", Number(latency.P95, "0.000 's'"));
            table.Row("answers a second of one process", Number(latency.PerSecond, "0.00"));
            table.Row("most memory of one process", Number(latency.PeakBytes / 1e6, "0 'MB'"));
        }

        page.Add($"""<p class="note">Of {latency.Count} answers: """);
        page.Add($"""
            what the model took for the items that were generated together, without reading pictures.
            <code>--batch-size 1</code> measures each by itself.</p></section>

            """);

        static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static void WriteWorst(HtmlWriter page, EvaluationResult result, int worst)
    {
        if (worst == 0) return;
        int[] order = [.. Enumerable.Range(0, result.Items.Count).OrderBy(i => result.Scores.Items[i].Main).Take(worst)];
        page.Add($"""<section><h2>The worst answers</h2><p class="note"><b class="is">What the model said</b>, """);
        page.Add($"""
            <b class="should">what is right</b>; of boxes the
            dashed ones are the model's.</p><div class="cases">
            """);
        foreach (int i in order) CaseFigure.Write(page, result.Items[i], Spell(result.Scores.Items[i]));
        page.Add($"</div></section>\n");
    }

    private static string Spell(ItemScore score) =>
        string.Join(", ", score.Values.Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} {v.Value:0.###}")));
}
