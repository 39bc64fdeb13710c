using System.Globalization;
using System.Text;
using System.Text.Json;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Output;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// The settings of a run. The shard that starts first writes them to <c>run.json</c> in the output folder: model, work, question, options.
/// Every other process that uses the folder must have the same settings, so that results of different runs never mix.
/// </summary>
/// <param name="Values">Name and value of each setting that affects results, in order.</param>
internal sealed record RunSettings(IReadOnlyList<KeyValuePair<string, string>> Values)
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "run.json";

    // Counts of skipped files do not distinguish runs: files next to the pictures may come and go.
    private const string SkippedPrefix = "skipped ";

    /// <summary>Distinguishes the pictures of folders from others with the same names.</summary>
    public const string Pictures = "pictures";

    private const int MaxBytes = 1 << 20;

    /// <summary>Number of items of the whole run.</summary>
    public long Items => long.Parse(this["items"]!, CultureInfo.InvariantCulture);

    /// <summary>Number of files in the input folders that were skipped, by kind.</summary>
    public IReadOnlyDictionary<string, long> Skipped => Values.Where(v => v.Key.StartsWith(SkippedPrefix, StringComparison.Ordinal))
        .ToDictionary(v => v.Key[SkippedPrefix.Length..], v => long.TryParse(v.Value, CultureInfo.InvariantCulture, out long count)
            ? count : 0);

    /// <summary>The settings that store the counts of skipped files.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ToValues(IReadOnlyDictionary<string, long> skipped) =>
        skipped.Select(s => KeyValuePair.Create(SkippedPrefix + s.Key, s.Value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A setting's value, or null.</summary>
    public string? this[string name] => Values.FirstOrDefault(v => v.Key == name).Value;

    /// <summary>Claims the folder for this run, or checks that it already belongs to this run.</summary>
    /// <param name="folder">The output folder; it exists.</param>
    /// <param name="retry">Whether the pictures may have changed: a user who retries has repaired some of them.</param>
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
                throw new UsageException(
                    $"{folder} holds another run: there {name} is {theirs[name] ?? "not set"}, here {this[name] ?? "not set"}; "
                    + "give another --out, or --force to throw its results away.");
    }

    /// <summary>Writes these settings to a folder and replaces the previous ones.</summary>
    public void Save(string folder) =>
        PartialFile.Write(Path.Combine(folder, FileName), stream => stream.Write(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>The settings of a folder, or null if it holds no run.</summary>
    public static RunSettings? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        if (new FileInfo(path).Length > MaxBytes) throw Damaged(path, "it is too large");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return new RunSettings(
                [.. document.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString() ?? ""))]);
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
