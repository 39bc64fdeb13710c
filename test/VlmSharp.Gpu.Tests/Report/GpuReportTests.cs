using System.Text.Json.Nodes;
using VlmSharp.Bench.Gpu;

namespace VlmSharp.Gpu.Tests.Report;

/// <summary>The report of bench/gpu/run and its page, made from the files of a few steps.</summary>
public sealed class GpuReportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vlmsharp-report-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_report_has_what_each_step_found_before_it_ended()
    {
        var check = new GpuPart(In("check.json"));
        check.Add("checks", ("operator", "Rope"), ("error", GpuPart.Number(0.00012345678)), ("bound", 0.02), ("ok", true));
        check.Add("checks", ("operator", "Linear"), ("error", GpuPart.Number(double.NaN)), ("bound", 0.02), ("ok", false));
        Assert.False(check.Try("Attention", () => throw new InvalidOperationException("no such kernel")));
        Assert.True(check.HasFailures);
        File.WriteAllText(In("check.status"), "1 12 60");
        File.WriteAllText(In("check.log"), "first line\nlast line\n");
        File.WriteAllText(In("model-bf16.status"), "124 60 60"); // it came to write nothing
        File.WriteAllText(In("operators.status"), "-1 0 0");

        GpuReport.Merge(folder, In("report.json"));
        JsonNode steps = JsonNode.Parse(File.ReadAllText(In("report.json")))!["steps"]!;
        Assert.Equal("done, with failures", (string?)steps["check"]!["outcome"]);
        Assert.Equal("InvalidOperationException: no such kernel", (string?)steps["check"]!["found"]!["failures"]![0]!["error"]);
        Assert.Equal(0.00012346, (double)steps["check"]!["found"]!["checks"]![0]!["error"]!);
        Assert.Equal("first line\nlast line", (string?)steps["check"]!["log"]);
        Assert.Equal("stopped at its time limit", (string?)steps["model-bf16"]!["outcome"]);
        Assert.Equal("not run: no time was left", (string?)steps["operators"]!["outcome"]);

        string page = new GpuPage(In("report.json")).Write();
        Assert.Contains("**checks**: 1 of 2 within their bounds", page, StringComparison.Ordinal);
        // what failed is first
        Assert.True(page.IndexOf("| Linear |", StringComparison.Ordinal) < page.IndexOf("| Rope |", StringComparison.Ordinal));
        string missing = page[page.IndexOf("## Not measured", StringComparison.Ordinal)..];
        Assert.Contains("PaliGemma-3B, bf16: stopped at its time limit", missing, StringComparison.Ordinal);
        Assert.Contains("Operators at the sizes of PaliGemma-3B: not run", missing, StringComparison.Ordinal);
        Assert.Contains("the step limits is not in the report", missing, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(folder, name);
}
