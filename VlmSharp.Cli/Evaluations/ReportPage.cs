using System.Globalization;
using VlmSharp.Evaluation.Robustness;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Explain.Html;

namespace VlmSharp.Cli.Evaluations;

/// <summary>The report of an evaluation.</summary>
internal static class ReportPage
{
    private const int Bins = 10, MostGroups = 100;

    /// <summary>Writes the page.</summary>
    /// <param name="result">What was found.</param>
    /// <param name="stream">Where; left open.</param>
    /// <param name="worst">How many of the worst answers are shown.</param>
    public static void Write(EvaluationResult result, Stream stream, int worst) => PageFrame.Write(stream, $"{result.Benchmark.Title}: {result.Model}", "Evaluation", page =>
    {
        page.Add($"""<dl><div><dt>items</dt><dd>{result.Items.Count}</dd></div><div><dt>without an answer</dt><dd>{result.Errors}, which count as empty ones</dd></div><div><dt>{result.Main.Title}</dt><dd>{result.Main.Shown} ({result.Main.ShownInterval})</dd></div></dl></header>""");
        WriteScores(page, result);
        WriteDistribution(page, result);
        WriteGroups(page, result);
        if (result.Variants.Count > 0) WriteVariants(page, result);
        WriteLatency(page, result.Latency);
        WriteWorst(page, result, worst);
    });

    private static void WriteScores(HtmlWriter page, EvaluationResult result)
    {
        page.Add($"""<section><h2>Scores</h2><div class="wide"><table class="scores"><thead><tr><th>metric</th><th class="number">score</th><th class="number">95 % interval</th></tr></thead><tbody>""");
        foreach (Figure figure in result.Figures)
            page.Add($"""<tr class="{(figure == result.Main ? "main" : "")}"><td>{figure.Title}</td><td class="number">{figure.Shown}</td><td class="number">{figure.ShownInterval}</td></tr>""");
        page.Add($"""</tbody></table></div><p class="note">Intervals: the items drawn again a thousand times, with replacement (bootstrap). Another set of as many items would score in there 95 times of 100.</p>""");
        WritePublished(page, result);
        page.Add($"</section>\n");
    }

    private static void WritePublished(HtmlWriter page, EvaluationResult result)
    {
        if (result.Benchmark.Published.Count == 0) return;
        page.Add($"""<h3>Beside the published figures</h3><div class="wide"><table class="scores"><thead><tr><th>model</th><th>measured on</th><th class="number">{result.Main.Title}</th></tr></thead><tbody>""");
        page.Add($"""<tr class="main"><td>{result.Model}, this run</td><td>{result.Items.Count} items</td><td class="number">{result.Main.Shown}</td></tr>""");
        foreach (PublishedFigure figure in result.Benchmark.Published)
            page.Add($"""<tr><td>{figure.Model}</td><td>{figure.Split}</td><td class="number">{Figure.Show(figure.Value * result.Benchmark.PublishedScale, result.Main.IsPercent)}</td></tr>""");
        page.Add($"""
            </tbody></table></div><p class="note">Each published figure is of a model fine-tuned on this benchmark: PaliGemma (Beyer et al. 2024, arXiv:2407.07726) and PaliGemma 2
            (Steiner et al. 2024, arXiv:2412.03555){(result.Benchmark.PublishedScale != 1 ? "; the papers print a hundred times the number" : "")}. A part of a split, another split or another prompt gives a
            figure that cannot be held against them.</p>
            """);
    }

    private static void WriteDistribution(HtmlWriter page, EvaluationResult result)
    {
        double most = result.Benchmark.Kind == RunKind.Captions ? 10 : 1; // CIDEr-D goes to 10
        var counts = new int[Bins];
        foreach (ItemScore score in result.Scores.Items) counts[Math.Clamp((int)(score.Main / most * Bins), 0, Bins - 1)]++;
        page.Add($"""<section><h2>Scores of single items</h2><table class="scores"><tbody>""");
        for (int i = 0; i < Bins; i++)
            page.Add($"""<tr><td>{Edge(i)} to {Edge(i + 1)}</td><td class="bar"><div style="width:{100.0 * counts[i] / Math.Max(1, counts.Max()):0.##}%"></div></td><td class="number">{counts[i]}</td></tr>""");
        page.Add($"</tbody></table></section>\n");

        string Edge(int i) => (most * i / Bins).ToString("0.#", CultureInfo.InvariantCulture);
    }

    private static void WriteGroups(HtmlWriter page, EvaluationResult result)
    {
        if (result.Scores.Groups.Count == 0) return;
        bool isPercent = result.Benchmark.Kind != RunKind.Boxes;
        page.Add($"""<section><h2>By type</h2><div class="wide"><table class="scores"><thead><tr><th>group</th><th class="number">count</th><th></th><th class="number">{result.Main.Title}</th></tr></thead><tbody>""");
        foreach (GroupFigure group in result.Scores.Groups.Take(MostGroups))
            page.Add($"""<tr><td>{group.Kind.Replace('_', ' ')}: {group.Name}</td><td class="number">{group.Count}</td><td class="bar"><div style="width:{Math.Clamp(isPercent ? group.Value : 100 * group.Value, 0, 100):0.##}%"></div></td><td class="number">{Figure.Show(group.Value, isPercent)}</td></tr>""");
        page.Add($"</tbody></table></div>");
        if (result.Scores.Groups.Count > MostGroups) page.Add($"""<p class="note">The first {MostGroups} of {result.Scores.Groups.Count} groups; scores.json has all.</p>""");
        page.Add($"</section>\n");
    }

    private static void WriteVariants(HtmlWriter page, EvaluationResult result)
    {
        page.Add($"""<section><h2>Robustness</h2><p>The same items with other prompts and with worse pictures: {result.Main.Title}, {result.Main.Shown} for the items as they are. Bars are 95 % intervals.</p><div class="wide">""");
        page.Literal(RobustnessChart.Draw(result));
        page.Add($"""</div><table class="scores"><thead><tr><th>variant</th><th class="number">level</th><th class="number">{result.Main.Title}</th><th class="number">95 % interval</th></tr></thead><tbody>""");
        foreach ((Variant variant, IReadOnlyList<Figure> figures) in result.Variants)
            page.Add($"""<tr><td>{variant.Name}</td><td class="number">{variant.Level.ToString(CultureInfo.InvariantCulture)} {variant.Unit}</td><td class="number">{result.MainOf(figures).Shown}</td><td class="number">{result.MainOf(figures).ShownInterval}</td></tr>""");
        page.Add($"</tbody></table></section>\n");
    }

    private static void WriteLatency(HtmlWriter page, LatencyFigures? latency)
    {
        if (latency is null) return;
        page.Add($"""
            <section><h2>Latency</h2><table class="scores"><tbody>
            <tr><td>mean</td><td class="number">{latency.Mean:0.000} s</td></tr><tr><td>median</td><td class="number">{latency.Median:0.000} s</td></tr>
            <tr><td>95th percentile</td><td class="number">{latency.P95:0.000} s</td></tr><tr><td>answers a second of one process</td><td class="number">{latency.PerSecond:0.00}</td></tr>
            <tr><td>most memory of one process</td><td class="number">{latency.PeakBytes / 1e6:0} MB</td></tr></tbody></table>
            <p class="note">Of {latency.Count} answers: what the model took for the items that were generated together, without reading pictures. <code>--batch-size 1</code> measures each by itself.</p></section>

            """);
    }

    private static void WriteWorst(HtmlWriter page, EvaluationResult result, int worst)
    {
        if (worst == 0) return;
        int[] order = [.. Enumerable.Range(0, result.Items.Count).OrderBy(i => result.Scores.Items[i].Main).Take(worst)];
        page.Add($"""<section><h2>The worst answers</h2><p class="note"><b class="is">What the model said</b>, <b class="should">what is right</b>; of boxes the dashed ones are the model's.</p><div class="cases">""");
        foreach (int i in order) CaseFigure.Write(page, result.Items[i], Spell(result.Scores.Items[i]));
        page.Add($"</div></section>\n");
    }

    private static string Spell(ItemScore score) => string.Join(", ", score.Values.Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} {v.Value:0.###}")));
}
