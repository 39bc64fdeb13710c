using System.Globalization;
using System.Net;
using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Tracking;

/// <summary>
/// The run as one self-contained HTML page: curves, the last sample generations with their pictures, settings. No script. It is rewritten
/// with each checkpoint and at the end, from <c>metrics.jsonl</c>, so that it also shows the earlier part of a resumed run.
/// </summary>
/// <param name="metricsPath">The metrics file; another tracker, earlier in the list, writes it.</param>
/// <param name="path">The page, which is replaced each time.</param>
public sealed class HtmlReport(string metricsPath, string path) : IRunTracker
{
    /// <summary>Its usual name in a run's folder.</summary>
    public const string FileName = "report.html";

    private static readonly (string Name, string Title)[] Curves =
    [
        ("loss", "Loss of each step, and with dots of the held-out data"), ("lr", "Learning rate"),
        ("grad_norm", "Norm of the gradient, before clipping"), ("tokens_per_s", "Tokens per second"),
    ];

    private RunInfo run = new("", 0, 0, new Dictionary<string, string>());
    private (long Step, IReadOnlyList<SampleGeneration> Samples) last = (0, []);
    private string state = "running";

    /// <inheritdoc/>
    public void Begin(RunInfo run) => this.run = run;

    /// <inheritdoc/>
    public void OnStep(in StepMetrics metrics) { }

    /// <inheritdoc/>
    public void OnEvaluation(long step, EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (result.Samples.Count > 0) last = (step, result.Samples);
    }

    /// <inheritdoc/>
    public void Sync() => Write();

    /// <inheritdoc/>
    public void End(RunStatus status)
    {
        state = status switch { RunStatus.Finished => "finished", RunStatus.Stopped => "stopped; it can go on", _ => "ended by an error" };
        Write();
    }

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>Writes to a temporary name first, so that readers always see a complete page.</summary>
    private void Write()
    {
        string temporary = path + ".tmp";
        using (var page = new StreamWriter(PartialFile.Create(temporary, path))) page.Write(Page());
        File.Move(temporary, path, overwrite: true);
    }

    private string Page()
    {
        MetricsLine[] lines = [.. MetricsLine.Read(metricsPath)], steps = [.. lines.Where(l => l.IsStep)];
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <title>{Text(run.Name)} – VlmSharp</title>
            <style>{Css}</style>
            </head>
            <body><main>
            <h1>{Text(run.Name)}</h1>
            <p>{steps.Length} of {run.TotalSteps} steps, {state}.</p>

            """);
        foreach (var (name, title) in Curves)
            SvgCurve.Write(page, title, Points(steps, name), name == "loss" ? Points(lines, "eval_loss") : []);
        IEnumerable<string> evaluated = lines.Where(l => !l.IsStep).SelectMany(l => l.Numbers.Keys).Distinct();
        foreach (string name in evaluated
            .Where(n => n != "eval_loss" && n.StartsWith("eval_", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
            SvgCurve.Write(page, $"Evaluation: {name["eval_".Length..]}", Points(lines, name), []);
        Samples(page);
        page.Append("<h2>Settings</h2>\n<table>\n");
        foreach (var (name, value) in run.Summary)
            page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Text(name)}</th><td>{Text(value)}</td></tr>\n");
        return page.Append("</table>\n</main></body></html>\n").ToString();
    }

    private void Samples(StringBuilder page)
    {
        if (last.Samples.Count == 0) return;
        page.Append(CultureInfo.InvariantCulture, $"<h2>Samples after {last.Step} steps</h2>\n<div class=\"samples\">\n");
        foreach (SampleGeneration sample in last.Samples)
        {
            page.Append("<figure>");
            if (sample.Png is { } png)
                page.Append("<img alt=\"\" src=\"data:image/png;base64,").Append(Convert.ToBase64String(png.Span)).Append("\"/>");
            page.Append(CultureInfo.InvariantCulture, $"<figcaption><b>{Text(sample.Prompt)}</b><br/>{Text(sample.Answer)}");
            if (sample.Expected is { } expected) page.Append(CultureInfo.InvariantCulture, $"<br/><i>expected: {Text(expected)}</i>");
            page.Append("</figcaption></figure>\n");
        }

        page.Append("</div>\n");
    }

    private static (double X, double Y)[] Points(IEnumerable<MetricsLine> lines, string name) =>
        [.. lines.Where(l => l.Numbers.ContainsKey(name)).Select(l => ((double)l.Number, l.Numbers[name]))];

    /// <summary>Any text, escaped for an element; characters that XML does not allow become U+FFFD.</summary>
    internal static string Text(string text)
    {
        return WebUtility.HtmlEncode(
            string.Concat(text.EnumerateRunes().Select(rune => IsAllowed(rune.Value) ? rune.ToString() : "\uFFFD")));

        static bool IsAllowed(int c) => c is '\n' or '\t' || (c >= 0x20 && c is not (>= 0x7F and < 0xA0) and not 0xFFFE and not 0xFFFF);
    }

    private const string Css = """
        :root {
          color-scheme: light dark;
          --ink: #22242a; --quiet: #686b74; --line: #dcd9d0; --paper: #fdfcf9; --train: #2f6fb0; --eval: #c2571a;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ink: #e4e3df; --quiet: #9a9ca4; --line: #37393f; --paper: #17181b; --train: #6fabe6; --eval: #ee9a5f;
          }
        }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 54rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
        h2 { margin: 2rem 0 .4rem; font-size: 1.1rem; }
        svg { display: block; width: 100%; height: auto; }
        svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
        .frame { fill: none; stroke: var(--line); }
        .train { fill: none; stroke: var(--train); stroke-width: 1.5; }
        .eval { fill: none; stroke: var(--eval); stroke-width: 1.5; }
        .dot { fill: var(--eval); }
        .samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1.2rem; }
        figure { margin: 0; } img { max-width: 100%; } figcaption { font-size: .85rem; overflow-wrap: anywhere; }
        table { border-collapse: collapse; font-size: .85rem; }
        th, td { text-align: left; padding: .15rem 1rem .15rem 0; font-weight: 400; overflow-wrap: anywhere; }
        th { color: var(--quiet); }
        """;
}
