using System.Text.Json;
using System.Text.Json.Nodes;

namespace VlmSharp.Bench.Gpu;

/// <summary>
/// Joins the findings of all steps in one JSON file. For each step <c>bench/gpu/run</c> leaves NAME.status ("exit status, seconds,
/// limit"), NAME.log, and NAME.json if the step wrote it.
/// </summary>
internal static class GpuReport
{
    private const int LogLines = 15, TimeLimit = 124, Killed = 137;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Joins the files of a folder.</summary>
    public static void Merge(string folder, string report)
    {
        var steps = new JsonObject();
        foreach (string status in Directory.GetFiles(folder, "*.status")
            .OrderBy(File.GetLastWriteTimeUtc)
            .ThenBy(f => f, StringComparer.Ordinal))
            steps[Path.GetFileNameWithoutExtension(status)] = Step(status);
        var root = new JsonObject { ["format"] = 1, ["steps"] = steps };
        string driver = Path.Combine(folder, "driver.txt");
        if (File.Exists(driver)) root["driver"] = File.ReadAllText(driver).Trim();
        File.WriteAllText(report, root.ToJsonString(Indented));
    }

    private static JsonObject Step(string status)
    {
        string[] words = File.ReadAllText(status).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        int code = int.Parse(words[0]);
        var step = new JsonObject
        {
            ["outcome"] = code switch
            {
                0 => "done",
                < 0 => "not run: no time was left",
                TimeLimit or Killed => "stopped at its time limit",
                1 => "done, with failures",
                _ => $"ended with status {code}"
            },
            ["seconds"] = int.Parse(words[1]),
            ["limit_seconds"] = int.Parse(words[2]),
        };
        string found = Path.ChangeExtension(status, ".json"), log = Path.ChangeExtension(status, ".log");
        if (code != 0 && File.Exists(log)) step["log"] = string.Join("\n", File.ReadLines(log).TakeLast(LogLines));
        if (File.Exists(found)) step["found"] = Parse(found);
        return step;
    }

    private static JsonNode? Parse(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file));
        }
        catch (JsonException e)
        {
            return new JsonObject
            {
                ["failures"] = new JsonArray(new JsonObject { ["what"] = Path.GetFileName(file), ["error"] = e.Message })
            };
        }
    }
}
