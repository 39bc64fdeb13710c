using System.Text.Json;

namespace VlmSharp.Hub;

/// <summary>The models that this or another tool has downloaded. Only reads the cache.</summary>
/// <param name="directory">The cache's folder, which need not exist.</param>
public sealed class HubCache(string directory)
{
    private const int MostIndexBytes = 64 << 20, MostModels = 10_000;

    /// <summary>The cache's folder, as the constructor was given it.</summary>
    public string Directory { get; } = directory;

    /// <summary>The cache that Python's tools use with the same environment.</summary>
    /// <param name="read">Returns an environment variable, or null.</param>
    /// <returns>The cache.</returns>
    public static HubCache FromEnvironment(Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return new HubCache(HubEnvironment.CacheDirectory(read));
    }

    /// <summary>Finds a complete model.</summary>
    /// <param name="model">Name and revision.</param>
    /// <returns>The cached model.</returns>
    /// <exception cref="HubException">
    /// The model is missing (<see cref="HubErrorKind.NotCached"/>) or incomplete (<see cref="HubErrorKind.IncompleteSnapshot"/>).
    /// </exception>
    public CachedModel Find(HubModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var layout = new CacheLayout(Directory, model.Name);
        if (layout.Commit(model) is not { } commit || !System.IO.Directory.Exists(layout.Snapshot(commit)))
            throw HubErrors.NotCached(model, Directory);
        CachedModel found = Describe(layout, model, commit);
        return found.MissingFile is { } missing ? throw HubErrors.IncompleteSnapshot(model, Directory, missing) : found;
    }

    /// <summary>All models, sorted by name.</summary>
    /// <returns>An entry for each snapshot.</returns>
    public IReadOnlyList<CachedModel> Models()
    {
        if (!System.IO.Directory.Exists(Directory)) return [];
        return
        [
            .. System.IO.Directory.EnumerateDirectories(Directory, CacheLayout.Prefix + "*").Take(MostModels)
                .Select(folder => CacheLayout.ModelName(Path.GetFileName(folder)))
                .OfType<string>()
                .Order(StringComparer.Ordinal)
                .SelectMany(Snapshots),
        ];
    }

    private IEnumerable<CachedModel> Snapshots(string name)
    {
        var layout = new CacheLayout(Directory, name);
        Dictionary<string, string> revisions = Revisions(layout);
        foreach (string folder in Folders(layout.Snapshots))
        {
            string commit = Path.GetFileName(folder);
            if (!HubModel.IsCommitHash(commit)) continue;
            yield return Describe(layout, HubModel.Parse($"{name}@{revisions.GetValueOrDefault(commit, commit)}"), commit);
        }
    }

    /// <summary>Maps each commit to its branch or tag, preferably main.</summary>
    private static Dictionary<string, string> Revisions(CacheLayout layout)
    {
        var revisions = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!System.IO.Directory.Exists(layout.Refs)) return revisions;
        foreach (string path in System.IO.Directory.EnumerateFiles(layout.Refs, "*", SearchOption.AllDirectories).Take(MostModels))
        {
            string revision = Path.GetRelativePath(layout.Refs, path).Replace(Path.DirectorySeparatorChar, '/');
            if (CacheLayout.ReadRef(path) is not { } commit || !HubModel.TryParse($"a/b@{revision}", out _)) continue;
            if (revision == HubModel.DefaultRevision || !revisions.ContainsKey(commit)) revisions[commit] = revision;
        }

        return revisions;
    }

    private static CachedModel Describe(CacheLayout layout, HubModel model, string commit)
    {
        string folder = layout.Snapshot(commit);
        long bytes = System.IO.Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Take(MostModels)
            .Sum(path => CacheFiles.Length(path) ?? 0);
        return new CachedModel(model, commit, folder, bytes, Missing(folder));
    }

    /// <summary>
    /// A required file that is missing in a snapshot, for instance because a pull was interrupted; null if there is none.
    /// </summary>
    private static string? Missing(string folder)
    {
        if (!Has(ModelFiles.Config)) return ModelFiles.Config;
        if (!Has(ModelFiles.Index)) return Has(ModelFiles.Weights) ? null : ModelFiles.Weights;
        return Shards(Path.Combine(folder, ModelFiles.Index)).FirstOrDefault(name => !Has(name));

        bool Has(string name) => File.Exists(Path.Combine(folder, name));
    }

    /// <summary>The files that an index names; none if it is damaged, since opening the model reports that better.</summary>
    private static HashSet<string> Shards(string index)
    {
        if (CacheFiles.Length(index) is null or > MostIndexBytes) return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
            return
            [
                .. document.RootElement.GetProperty("weight_map").EnumerateObject().Select(entry => entry.Value.GetString() ?? "")
                    .Where(name => name.Length > 0
                        && !name.Contains('/', StringComparison.Ordinal)
                        && RepositoryPath.Problem(name) is null),
            ];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Folders(string path) => System.IO.Directory.Exists(path)
        ? System.IO.Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal).Take(MostModels)
        : [];
}
