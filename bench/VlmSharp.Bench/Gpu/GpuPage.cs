using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace VlmSharp.Bench.Gpu;

/// <summary>
/// The report of <c>bench/gpu/run</c> as a Markdown page: a table for each kind of finding, and a list of what was not measured.
/// </summary>
/// <param name="path">The report's JSON file.</param>
internal sealed class GpuPage(string path)
{
    private const int MostRows = 400, MostChecks = 40;

    // What a complete report holds: the steps, and the tables that each step must have written.
    private static readonly (string Step, string Title, string[] Tables)[] Chapters =
    [
        ("devices", "Devices", ["devices", "platforms"]),
        ("kernels", "Kernels as the driver's compiler makes them", ["kernels"]),
        ("limits", "Limits of the device", ["limits"]),
        ("check", "Every operator against the reference", ["checks"]),
        ("goldens", "Small models against transformers", ["tokens", "stages"]),
        ("demo", "Answers of the demo model", ["demo"]),
        ("full-size", "PaliGemma-3B against transformers", ["tokens", "logits", "stages"]),
        ("model-bf16", "PaliGemma-3B, bf16", ["stages"]),
        ("model-int8", "PaliGemma-3B, int8", ["stages"]),
        ("model-int4", "PaliGemma-3B, int4", ["stages"]),
        ("operators", "Operators at the sizes of PaliGemma-3B", ["operators"]),
        ("torch", "The same products in PyTorch", ["products"]),
    ];

    private readonly StringBuilder page = new();
    private readonly List<string> missing = [];

    /// <summary>The whole page as Markdown, made from the report's file.</summary>
    public string Write()
    {
        JsonNode report = JsonNode.Parse(File.ReadAllText(path))!;
        Line("# The GPU backend, measured");
        Line();
        if (report["driver"] is { } driver) Block(Text(driver));
        JsonObject steps = report["steps"] as JsonObject ?? [];
        Steps(steps);
        foreach ((string step, string title, string[] tables) in Chapters) Chapter(title, steps[step], step, tables);
        Line("## Not measured");
        Line();
        foreach (string what in missing) Line($"- {what}");
        if (missing.Count == 0) Line("Nothing is missing.");
        return page.ToString();
    }

    private void Steps(JsonObject steps)
    {
        Line("| step | outcome | seconds | failures |");
        Line("| --- | --- | --- | --- |");
        foreach ((string name, JsonNode? step) in steps)
            Line(
                $"| {name} | {Text(step?["outcome"])} | {Text(step?["seconds"])} | {(step?["found"]?["failures"] as JsonArray)?.Count ?? 0}"
                    + " |");
        Line();
    }

    private void Chapter(string title, JsonNode? step, string name, string[] tables)
    {
        if (step is null)
        {
            missing.Add($"{title}: the step {name} is not in the report");
            return;
        }

        string outcome = Text(step["outcome"]);
        Line($"## {title}");
        Line();
        if (outcome != "done") missing.Add($"{title}: {outcome}, what the page has of it may not be all");
        if (step["found"] is not JsonObject found)
        {
            if (outcome == "done") missing.Add($"{title}: nothing was found");
            Log(step);
            return;
        }

        foreach ((string key, JsonNode? value) in found.Where(pair => pair.Value is not JsonArray))
            Line($"{key.Replace('_', ' ')}: {Text(value)}  ");
        if (found["skipped"] is { } skipped) missing.Add($"{title}: {Text(skipped)}");
        else missing.AddRange(tables.Where(table => found[table] is not JsonArray { Count: > 0 }).Select(table => $"{title}: no {table}"));
        Line();
        foreach ((string key, JsonNode? value) in found)
            if (value is JsonArray rows) Table(key, rows);
        Log(step);
    }

    private void Table(string name, JsonArray rows)
    {
        string[] columns = [.. rows.OfType<JsonObject>().SelectMany(row => row.Select(pair => pair.Key)).Distinct()];
        int failed = rows.Count(row => row?["ok"]?.GetValue<bool>() == false);
        Line(
            $"**{name}**{(rows.Any(row => row?["ok"] is not null) ? $": {rows.Count - failed} of {rows.Count} within their bounds" : "")}");
        Line();
        Line($"| {string.Join(" | ", columns.Select(c => c.Replace('_', ' ')))} |");
        Line($"|{string.Concat(columns.Select(_ => " --- |"))}");
        // Of the checks against a bound, the page shows all that failed, then those that came closest to failing.
        bool areChecks = rows.Any(row => row?["bound"] is not null);
        int most = areChecks ? Math.Max(MostChecks, failed) : MostRows;
        foreach (JsonNode? row in (areChecks ? rows.OrderByDescending(Closeness) : rows.AsEnumerable()).Take(most))
            Line($"| {string.Join(" | ", columns.Select(c => Cell(c, row?[c])))} |");
        if (rows.Count > most) Line($"\n{rows.Count - most} more rows are in the report.");
        Line();
    }

    private static double Closeness(JsonNode? row)
    {
        if (row?["ok"]?.GetValue<bool>() == false) return double.PositiveInfinity;
        double? error = (row?["error"] ?? row?["worst_share_of_range"])?.GetValue<double>();
        return error / row!["bound"]!.GetValue<double>() ?? 0;
    }

    private static string Cell(string column, JsonNode? value) =>
        column == "share" && value is not null
            ? value.GetValue<double>().ToString("P0", CultureInfo.InvariantCulture)
            : Text(value).Replace("|", "\\|").Replace("\n", " ");

    private void Log(JsonNode step)
    {
        if (step["log"] is { } log) Block(Text(log));
    }

    private void Block(string text)
    {
        Line("```text");
        Line(text.Replace("```", "'''"));
        Line("```");
        Line();
    }

    private static string Text(JsonNode? value) => value is null ? "" : value.ToString();

    private void Line(string text = "") => page.Append(text).Append('\n');
}
