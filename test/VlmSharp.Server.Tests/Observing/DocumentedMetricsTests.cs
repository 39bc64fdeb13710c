using System.Diagnostics.Metrics;
using VlmSharp.Conformance;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>The table of the documentation agrees with the instruments and with <c>/metrics</c>.</summary>
public sealed class DocumentedMetricsTests(ExportedMetrics exported) : IClassFixture<ExportedMetrics>
{
    [Fact]
    public void The_page_lists_every_metric_with_its_type_unit_labels_and_meaning()
    {
        string page = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "server-observability.md")).ReplaceLineEndings("\n");
        Assert.True(exported.Instruments.Count > 20);
        string table = string.Concat(exported.Instruments.Select(Row));
        Assert.True(
            page.Contains($"|---|---|---|---|---|---|\n{table}\n", StringComparison.Ordinal),
            $"docs/server-observability.md should have these rows:\n{table}");
    }

    private string Row(Instrument instrument)
    {
        bool isCounter = instrument.GetType().GetGenericTypeDefinition() is { } kind
            && (kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>));
        string name = PrometheusText.Name(instrument, isCounter);
        string[] labels = exported.Labels(name);
        string[] cells =
        [
            $"`{instrument.Name}`", $"`{name}`", exported.Types[name], instrument.Unit ?? "1",
            string.Join(", ", labels.Select(label => $"`{label}`")), instrument.Description ?? ""
        ];
        return $"| {string.Join(" | ", cells)} |\n";
    }
}
