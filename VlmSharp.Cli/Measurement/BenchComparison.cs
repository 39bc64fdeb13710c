using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Measurement;

/// <summary>The output of <c>vlmsharp bench</c> for several backends: their stages side by side, each with its own floor.</summary>
/// <param name="reports">Reports of the same work.</param>
internal sealed class BenchComparison(IReadOnlyList<BenchReport> reports)
{
    /// <summary>Writes a table for people.</summary>
    public void WriteTable()
    {
        foreach (BenchReport report in reports) report.WriteHeading();
        Table table = Tables.Create(["stage", "work", .. reports.SelectMany(report => new[] { report.Backend, "of the limit" })]);
        for (int stage = 0; stage < reports[0].Stages.Count; stage++)
        {
            int row = stage;
            BenchStage first = reports[0].Stages[row];
            table.AddPlainRow([first.Name, first.Work, .. reports.SelectMany(report => Cells(report.Stages[row]))]);
        }

        Tables.Write(table);
    }

    private static string[] Cells(BenchStage stage) =>
        [$"{stage.Seconds * 1e3:0.00} ms", stage.HasFloor ? $"{stage.Share:P0}, floor {stage.FloorSeconds * 1e3:0.00} ms" : "-"];

    /// <summary>Writes JSON for programs.</summary>
    public void WriteJson(Utf8JsonWriter o)
    {
        o.WriteStartObject();
        o.WriteStartArray("runs");
        foreach (BenchReport report in reports) report.WriteJson(o);
        o.WriteEndArray();
        o.WriteEndObject();
    }
}
