using System.Text.Json;
using System.Text.Json.Nodes;

namespace VlmSharp.Bench.Gpu;

/// <summary>
/// The findings of one step of <c>bench/gpu/run</c>, in its own file. The file is rewritten after each finding, so that findings before a
/// crash or a time limit are kept.
/// </summary>
/// <param name="path">The step's JSON file.</param>
internal sealed class GpuPart(string path)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject root = [];

    /// <summary>Whether anything failed.</summary>
    public bool HasFailures => root.ContainsKey("failures");

    /// <summary>Adds a finding by its name.</summary>
    public void Set(string name, JsonNode? value)
    {
        root[name] = value;
        Save();
    }

    /// <summary>Adds a row to a table.</summary>
    public void Add(string table, params (string Name, JsonNode? Value)[] row)
    {
        if (root[table] is not JsonArray rows) root[table] = rows = [];
        var added = new JsonObject();
        foreach ((string name, JsonNode? value) in row) added[name] = value;
        rows.Add(added);
        Save();
        Console.WriteLine($"{table}: {added.ToJsonString()}");
    }

    /// <summary>Runs an action and records its failure.</summary>
    /// <returns>Whether the action succeeded.</returns>
    public bool Try(string what, Action action)
    {
        try
        {
            action();
            return true;
        }
#pragma warning disable CA1031 // After any exception the other findings can still be made.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine($"{what}: {e}");
            Add("failures", ("what", what), ("error", Words(e)));
            return false;
        }
    }

    /// <summary>A number with its significant digits, or null if it is not finite.</summary>
    public static JsonNode? Number(double value, int digits = 5)
    {
        if (!double.IsFinite(value)) return null;
        if (value == 0) return 0;
        int places = digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return places >= 0 ? Math.Round(value, Math.Min(places, 15)) : Math.Round(value);
    }

    private static string Words(Exception e) =>
        e.InnerException is { } inner ? $"{e.GetType().Name}: {e.Message} ({Words(inner)})" : $"{e.GetType().Name}: {e.Message}";

    private void Save()
    {
        File.WriteAllText(path + ".new", root.ToJsonString(Indented));
        File.Move(path + ".new", path, overwrite: true);
    }
}
