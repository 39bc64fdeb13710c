using System.Text.Json;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Storage;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>One line of the work list. The command line provides what a line omits (task, prompt, things).</summary>
/// <param name="Index">Its index among all items, from 0.</param>
/// <param name="Id">Its name in the record: the line's "id", or else the first picture as written.</param>
/// <param name="Images">The picture files.</param>
internal sealed record WorkItem(long Index, string Id, IReadOnlyList<string> Images)
{
    private static readonly string[] Known = ["id", "image", "images", "task", "prompt", "question", "things", "lang", "seed", "adapter"];

    /// <summary>Whether the line's "id" is a number, which has no quotes in the record either.</summary>
    public bool IsIdNumber { get; init; }

    /// <summary>"caption", "ask", "detect", "segment" or "generate".</summary>
    public string? Task { get; init; }

    /// <summary>The literal prompt of "generate".</summary>
    public string? Prompt { get; init; }

    /// <summary>The question of "ask".</summary>
    public string? Question { get; init; }

    /// <summary>The labels that "detect" and "segment" look for.</summary>
    public IReadOnlyList<string>? Things { get; init; }

    /// <summary>Language code.</summary>
    public string? Language { get; init; }

    /// <summary>Seed of sampling.</summary>
    public long? Seed { get; init; }

    /// <summary>Name of the adapter that answers.</summary>
    public string? Adapter { get; init; }

    /// <summary>The pipe that its one picture comes through; null for the files of <see cref="Images"/>.</summary>
    public PipedInput? Given { get; init; }

    /// <summary>A change to the pictures before the model sees them; null for none.</summary>
    public Func<RgbImage, RgbImage>? Change { get; init; }

    /// <summary>The error in the line itself; such an item becomes an error record.</summary>
    public string? Fault { get; init; }

    /// <summary>Reads a line: the path of a picture, or a JSON object.</summary>
    /// <param name="line">The line, not blank.</param>
    /// <param name="index">Its index among all items.</param>
    /// <param name="folder">The base folder of relative paths.</param>
    /// <returns>The item; a line that cannot be read gives an item with a <see cref="Fault"/>.</returns>
    public static WorkItem Parse(string line, long index, string folder)
    {
        if (!IsObject(line)) return Picture(line, index, folder);
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return Read(document.RootElement, index, folder);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: a lone surrogate in a string
        {
            return Faulty(index, $"the line is not valid JSON ({e.Message})");
        }
        catch (FormatException e)
        {
            return Faulty(index, e.Message);
        }
    }

    /// <summary>Whether a line is read as a JSON object and not as a path.</summary>
    public static bool IsObject(string line) => line.StartsWith('{');

    /// <summary>An item of one picture; its name may have any characters.</summary>
    /// <param name="path">Its path, as written in the record.</param>
    /// <param name="index">Its index among all items.</param>
    /// <param name="folder">The base folder of a relative path.</param>
    public static WorkItem Picture(string path, long index, string folder) => new(index, path, [ObjectPath.Combine(folder, path)]);

    private static WorkItem Read(JsonElement o, long index, string folder)
    {
        foreach (JsonProperty property in o.EnumerateObject())
            if (!Known.Contains(property.Name))
                throw new FormatException(
                    $"the line has an unknown member \"{property.Name}\"; known are {string.Join(", ", Known)}");
        string[] images = Strings(o, "images") ?? (Text(o, "image") is { } one ? [one] : []);
        if (images.Length == 0) throw new FormatException("the line names no picture: give \"image\" or \"images\"");
        if (images.Any(string.IsNullOrWhiteSpace)) throw new FormatException("the name of a picture is empty: give the picture's path");
        bool isNumber = o.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.Number;
        string name = isNumber ? id.GetRawText() : Text(o, "id") ?? images[0];
        return new WorkItem(index, name, [.. images.Select(image => ObjectPath.Combine(folder, image))])
        {
            IsIdNumber = isNumber,
            Task = Text(o, "task"),
            Prompt = Text(o, "prompt"),
            Question = Text(o, "question"),
            Things = o.TryGetProperty("things", out JsonElement things) && things.ValueKind == JsonValueKind.String
                ? Split(things.GetString()!)
                : Strings(o, "things"),
            Language = Text(o, "lang"),
            Seed = Whole(o, "seed"),
            Adapter = Text(o, "adapter"),
        };
    }

    /// <summary>Splits "cat ; dog" into two things.</summary>
    public static string[] Split(string things) =>
        things.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static WorkItem Faulty(long index, string fault) => new(index, $"line {index + 1}", []) { Fault = fault };

    private static string? Text(JsonElement o, string name) =>
        !o.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null
            ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FormatException($"\"{name}\" is not a string");

    private static long? Whole(JsonElement o, string name) =>
        !o.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null
            ? null
            : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
                ? number
                : throw new FormatException($"\"{name}\" is not a whole number");

    private static string[]? Strings(JsonElement o, string name)
    {
        if (!o.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String))
            throw new FormatException($"\"{name}\" is not an array of strings");
        return [.. value.EnumerateArray().Select(e => e.GetString()!)];
    }
}
