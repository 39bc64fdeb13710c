using System.Globalization;
using System.Text.Json;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Files;

/// <summary>
/// The common form of the text benchmarks' files: a list of objects, at the top, under a name or one per line. Each object has an id, which
/// is a number in some files and a text in others. Files are untrusted: an invalid entry ends the reading with its place and what is wrong.
/// </summary>
internal static class OfficialFile
{
    /// <summary>
    /// The most characters of a caption or an answer, because ROUGE-L and ANLS take quadratic time. No benchmark has a hundredth of it.
    /// </summary>
    public const int LongestText = 10_000;

    /// <summary>Reads the entries of a file.</summary>
    /// <param name="path">JSON or JSON lines, as a benchmark publishes it.</param>
    /// <param name="names">The possible names of the list if the file is an object; none if it must be a list itself.</param>
    /// <param name="use">Takes an entry, or throws a <see cref="FormatException"/>.</param>
    /// <returns>The short texts beside the list.</returns>
    /// <exception cref="TrainingDataException">The file has none of these forms, or has a bad entry.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path, string[] names, Action<JsonElement> use)
    {
        if (names.Length > 0 && AreLines(path, names))
        {
            ReadLines(path, use);
            return new Dictionary<string, string>();
        }

        var file = new JsonFile(path);
        if (file.IsList || names.Length == 0)
        {
            file.ReadEntries((o, _) => use(o), Refuse);
            return file.Texts;
        }

        HashSet<string> found = file.Read(names.ToDictionary(name => name, _ => (Action<JsonElement, Range>)((o, _) => use(o))), Refuse);
        if (!names.Any(found.Contains))
            throw new TrainingDataException(
                $"{path} has no list {string.Join(" or ", names.Select(name => $"\"{name}\""))}, and is none itself.");
        return file.Texts;
    }

    /// <summary>Whether a file has an entry on each line, like POPE's: its first line is an object without a list of entries.</summary>
    private static bool AreLines(string path, string[] names)
    {
        using var file = new JsonlFile(path);
        try
        {
            foreach ((_, ReadOnlyMemory<byte> bytes) in file.Lines())
                return JsonFields.Parse(bytes, o =>
                    o.ValueKind == JsonValueKind.Object && o.EnumerateObject().Any() && !names.Any(name => o.TryGetProperty(name, out _)));
        }
        catch (Exception e) when (e is FormatException or TrainingDataException)
        {
            // The line ends within an object, or does not end. Either the file has one of the other forms, or its reader says what is
            // wrong.
        }

        return false;
    }

    private static void ReadLines(string path, Action<JsonElement> use)
    {
        using var file = new JsonlFile(path);
        foreach ((JsonlFile.Line line, ReadOnlyMemory<byte> bytes) in file.Lines())
        {
            try
            {
                JsonFields.Parse(bytes, o =>
                {
                    use(o);
                    return true;
                });
            }
            catch (FormatException e)
            {
                Refuse($"{path}:{line.Number}", e.Message);
            }
        }
    }

    /// <summary>A required id: 17, 17.0 and "17" are the same.</summary>
    /// <param name="o">An object of the list; without an id a <see cref="FormatException"/> is thrown.</param>
    /// <param name="names">Its possible names.</param>
    public static string Id(JsonElement o, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (!JsonFields.TryGet(o, name, out JsonElement value)) continue;
            return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number)
                ? number.ToString("G29", CultureInfo.InvariantCulture)
                : JsonFields.Id(o, name)!;
        }

        throw new FormatException($"it has no \"{names[0]}\"");
    }

    /// <summary>A required text of bounded length.</summary>
    public static string Text(JsonElement o, string name) => Bounded(JsonFields.RequiredText(o, name), name);

    /// <summary>The text, unless it is too long.</summary>
    public static string Bounded(string text, string name) => text.Length <= LongestText ? text
        : throw new FormatException($"\"{name}\" has {text.Length} characters, more than {LongestText}");

    private static void Refuse(string where, string what) => throw new TrainingDataException(new DataFault(where, what).ToString());
}
