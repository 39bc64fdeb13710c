using System.Text.Json;
using System.Text.Json.Nodes;

namespace VlmSharp.Bench.Gpu;

/// <summary>
/// What one step of <c>bench/gpu/run</c> has found, in a file of its own. It is written anew after each finding, so that what was found
/// before a crash or a time limit is there.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class GpuPart(string path)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject root = [];

    /// <summary>Whether anything has failed.</summary>
    public bool HasFailures => root.ContainsKey("failures");

    /// <summary>A finding by its name.</summary>
    public void Set(string name, JsonNode? value)
    {
        root[name] = value;
        Save();
    }

    /// <summary>One more row of a table.</summary>
    public void Add(string table, params (string Name, JsonNode? Value)[] row)
    {
        if (root[table] is not JsonArray rows) root[table] = rows = [];
        var added = new JsonObject();
        foreach ((string name, JsonNode? value) in row) added[name] = value;
        rows.Add(added);
        Save();
        Console.WriteLine($"{table}: {added.ToJsonString()}");
    }

    /// <summary>Does something, and notes what it failed with.</summary>
    /// <returns>Whether it went well.</returns>
    public bool Try(string what, Action action)
    {
        try
        {
            action();
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, the rest can still be found out.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine($"{what}: {e}");
            Add("failures", ("what", what), ("error", Words(e)));
            return false;
        }
    }

    /// <summary>A number with digits that matter; null where it is none.</summary>
    public static JsonNode? Number(double value, int digits = 5)
    {
        if (!double.IsFinite(value)) return null;
        if (value == 0) return 0;
        int places = digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return places >= 0 ? Math.Round(value, Math.Min(places, 15)) : Math.Round(value);
    }

    private static string Words(Exception e) => e.InnerException is { } inner ? $"{e.GetType().Name}: {e.Message} ({Words(inner)})" : $"{e.GetType().Name}: {e.Message}";

    private void Save()
    {
        File.WriteAllText(path + ".new", root.ToJsonString(Indented));
        File.Move(path + ".new", path, overwrite: true);
    }
}
