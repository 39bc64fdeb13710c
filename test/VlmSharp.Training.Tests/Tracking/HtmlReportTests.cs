using System.Xml;
using System.Xml.Linq;
using VlmSharp.Conformance;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Tracking;

public sealed class HtmlReportTests
{
    private const string Hostile = "<script>alert(1)</script>\"'&\u0001\uD800";

    [Fact]
    public void The_page_is_well_formed_and_shows_curves_samples_and_settings()
    {
        using var folder = new TemporaryFolder();
        string metrics = folder.At("metrics.jsonl"), path = folder.Write("report.html", "earlier"u8);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead);
        using (var file = new MetricsFile(metrics))
        using (var report = new HtmlReport(metrics, path))
        {
            var settings = new Dictionary<string, string> { ["seed"] = "12345" };
            var run = new RunInfo(Hostile, 0, 2000, settings) { Summary = [new(Hostile, Hostile), new("model", "paligemma")] };
            file.Begin(run);
            report.Begin(run);
            for (int i = 0; i < 2000; i++) file.OnStep(new StepMetrics(i, 5.0 / (i + 1), i == 7 ? double.NaN : 1, 1e-5, 3, 4));
            var result = new EvaluationResult(new Dictionary<string, double> { ["loss"] = 1, ["accuracy"] = 0.5 }, [
                new(Hostile, Hostile, Hostile, new byte[] { 1, 2, 3 })
            ]);
            file.OnEvaluation(2000, result);
            report.OnEvaluation(2000, result);
            report.End(RunStatus.Finished);
        }

        string text = File.ReadAllText(path);
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
        using var reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        XDocument page = XDocument.Load(reader);
        XNamespace html = "http://www.w3.org/1999/xhtml";
        Assert.Equal(5, page.Descendants(html + "svg").Count()); // four curves over steps and one of evaluations
        Assert.Equal("train", page.Descendants(html + "polyline").First().Attribute("class")!.Value);
        Assert.Equal(600, page.Descendants(html + "polyline").First().Attribute("points")!.Value.Split(' ').Length);
        Assert.Equal("data:image/png;base64,AQID", page.Descendants(html + "img").Single().Attribute("src")!.Value);
        Assert.Contains("2000 of 2000 steps, finished", text, StringComparison.Ordinal);
        Assert.Contains("<th>model</th><td>paligemma</td>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("12345", text, StringComparison.Ordinal); // the settings that identify a run are in the manifest
        Assert.Single(Directory.GetFiles(folder.Path, "report*"));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_page_without_any_step_is_valid_too()
    {
        using var folder = new TemporaryFolder();
        using var report = new HtmlReport(folder.At("none.jsonl"), folder.At("report.html"));
        report.Begin(new RunInfo("run", 0, 5, new Dictionary<string, string>()));
        report.Sync();
        Assert.Contains("0 of 5 steps, running", File.ReadAllText(folder.At("report.html")), StringComparison.Ordinal);
    }
}
