using System.Globalization;
using System.Text.Json;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// What a run is, written to <c>run.json</c> in its folder by whichever shard starts first: model, work, question, options. Every
/// other process that works in the folder must agree, so that results of different runs never mix.
/// </summary>
/// <param name="Values">Name and value of each setting that results depend on, in order.</param>
internal sealed record RunSettings(IReadOnlyList<KeyValuePair<string, string>> Values)
{
    /// <summary>Its file's name.</summary>
    public const string FileName = "run.json";

    // What was seen, and does not make it another run: files beside the pictures may come and go.
    private const string SkippedPrefix = "skipped ";

    /// <summary>What tells the pictures of folders from others of the same names.</summary>
    public const string Pictures = "pictures";

    private const int MaxBytes = 1 << 20;

    /// <summary>Items of the whole run.</summary>
    public long Items => long.Parse(this["items"]!, CultureInfo.InvariantCulture);

    /// <summary>How many files of the input's folders were not tried, by kind.</summary>
    public IReadOnlyDictionary<string, long> Skipped => Values.Where(v => v.Key.StartsWith(SkippedPrefix, StringComparison.Ordinal))
        .ToDictionary(v => v.Key[SkippedPrefix.Length..], v => long.TryParse(v.Value, CultureInfo.InvariantCulture, out long count)
            ? count : 0);

    /// <summary>The values that tell what was not tried.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ToValues(IReadOnlyDictionary<string, long> skipped) =>
        skipped.Select(s => KeyValuePair.Create(SkippedPrefix + s.Key, s.Value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A setting's value, or null.</summary>
    public string? this[string name] => Values.FirstOrDefault(v => v.Key == name).Value;

    /// <summary>Makes the folder this run's, or finds that it is already.</summary>
    /// <param name="folder">The output folder; it exists.</param>
    /// <param name="retry">Whether the pictures may have been changed since: who tries again has mended some.</param>
    /// <exception cref="UsageException">The folder holds another run.</exception>
    public void Claim(string folder, bool retry = false)
    {
        string path = Path.Combine(folder, FileName), own = Path.Combine(folder, $".{FileName}.{Environment.ProcessId}.{Guid.NewGuid():N}");
        if (!File.Exists(path))
        {
            File.WriteAllText(own, ToJson());
            try
            {
                File.Move(own, path, overwrite: false);
                return;
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(own); // another shard was first
            }
        }

        RunSettings theirs = Read(folder) ?? throw new IOException($"{path} has disappeared; start again.");
        foreach (string name in Values.Concat(theirs.Values).Select(v => v.Key).Distinct())
            if (this[name] != theirs[name] && !name.StartsWith(SkippedPrefix, StringComparison.Ordinal) && !(retry && name == Pictures))
                throw new UsageException($"{folder} holds another run: there {name} is {theirs[name] ?? "not set"}, here {this[name] ?? "not set"}; give another --out, or --force to throw its results away.");
    }

    /// <summary>Has a folder say what this says, in place of what it said before.</summary>
    public void Save(string folder)
    {
        string path = Path.Combine(folder, FileName);
        File.WriteAllText(path + ".partial", ToJson());
        File.Move(path + ".partial", path, overwrite: true);
    }

    /// <summary>What a folder says, or null where it holds no run.</summary>
    public static RunSettings? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        if (new FileInfo(path).Length > MaxBytes) throw Damaged(path, "it is too large");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return new RunSettings([.. document.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString() ?? ""))]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Damaged(path, e.Message);
        }
    }

    private static UsageException Damaged(string path, string why) =>
        new($"{path} is not what a batch wrote ({why}); give another --out, or --force to throw the folder's results away.");

    private string ToJson() => JsonOutput.ToText(o =>
    {
        o.WriteStartObject();
        foreach (var (name, value) in Values) o.WriteString(name, value);
        o.WriteEndObject();
    });
}
