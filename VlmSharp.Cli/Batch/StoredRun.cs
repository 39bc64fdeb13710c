using System.IO.Enumeration;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Storage;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// A run whose files are objects under a prefix; the objects have the same names as the files in a folder. A process works in a temporary
/// folder with copies of the objects that it needs, so another machine can continue if one is lost.
/// </summary>
internal sealed class StoredRun : IDisposable
{
    private const int DownloadsAtOnce = 8;

    private readonly ObjectStore store = ObjectStore.Shared;
    private readonly ObjectPath prefix;
    private readonly string folder = Directory.CreateTempSubdirectory("vlmsharp-run-").FullName;

    /// <summary>Creates the temporary folder; sends no request to the store yet.</summary>
    /// <param name="prefix">The prefix, with or without a final slash.</param>
    public StoredRun(ObjectPath prefix) => this.prefix = prefix.IsPrefix ? prefix : prefix.Below("");

    /// <summary>Like <see cref="RunOutput.Open"/>.</summary>
    public static IRecordSink Open(ObjectPath prefix, ShardPlan plan, RunSettings settings, bool force, bool retry, TimeSpan uploadEvery)
    {
        var run = new StoredRun(prefix);
        IRecordSink? sink = null;
        try
        {
            if (force) run.Clear();
            run.Claim(settings, retry);
            sink = retry ? run.OpenRetry(plan, settings) : run.OpenShard(plan, uploadEvery);
            return sink;
        }
        finally
        {
            if (sink is null or FinishedShard) run.Dispose();
        }
    }

    /// <summary>The first process writes the settings; all others must have the same. The store lets only one process be first.</summary>
    private void Claim(RunSettings settings, bool retry)
    {
        ObjectPath theirs = prefix.Below(RunSettings.FileName);
        string own = Path.Combine(folder, RunSettings.FileName);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            bool isThere = store.Download(theirs, own);
            if (retry && !isThere) throw HoldsNone();
            Named(() => settings.Claim(folder, retry));
            if (isThere || store.UploadNew(own, theirs)) return;
            File.Delete(own);
        }

        throw new StorageException($"{theirs} comes and goes; see that nothing else works on it, and start again.") { IsTransient = true };
    }

    /// <summary>A finished shard whose failed items are tried again; its new files are uploaded when it is closed.</summary>
    private IRecordSink OpenRetry(ShardPlan plan, RunSettings settings)
    {
        string path = Path.Combine(folder, plan.FileName), done = ShardFile.DoneOf(path);
        if (store.Download(prefix.Below(Path.GetFileName(done)), done)) store.Download(prefix.Below(plan.FileName), path);
        return Named(() => RetriedShard.Open(folder, plan, settings.Items, () =>
        {
            Delete(Path.GetFileName(done));
            Upload(path, plan.FileName, default);
            Upload(done, Path.GetFileName(done), default); // last: the marker completes the shard
            settings.Save(folder);
            Upload(Path.Combine(folder, RunSettings.FileName), RunSettings.FileName, default);
        }, this));
    }

    private IRecordSink OpenShard(ShardPlan plan, TimeSpan uploadEvery)
    {
        string path = Path.Combine(folder, plan.FileName);
        foreach (string file in (string[])[ShardFile.DoneOf(path), path, ShardFile.PartialOf(path)])
        {
            // The shard is done, or has all records without a marker, or has some records: the first object found is the furthest state.
            if (store.Download(prefix.Below(Path.GetFileName(file)), file)) break;
        }

        ShardStatus status = Named(() => RunFolder.StatusOf(folder, plan));
        return status.State == ShardState.Done ? new FinishedShard(status.Records, status.Errors ?? 0)
            : new StoredShard(ShardFile.Open(folder, plan), path, uploadEvery, Upload, this);
    }

    /// <summary>Uploads a file of the folder.</summary>
    /// <param name="file">Path on the local disk.</param>
    /// <param name="name">The object's name under the prefix.</param>
    /// <param name="cancellationToken">Stops the upload.</param>
    private void Upload(string file, string name, CancellationToken cancellationToken) =>
        store.Upload(file, prefix.Below(name), cancellationToken);

    /// <summary>Deletes an object of the run.</summary>
    public void Delete(string name) => store.Delete(prefix.Below(name));

    private void Clear()
    {
        foreach (string name in Names().Where(name => name == RunSettings.FileName || IsOfShards(name)).ToList()) Delete(name);
    }

    /// <summary>Like <see cref="RunOutput.Look"/>.</summary>
    public void Look(bool withRecords, Action<RunFolder> look)
    {
        string[] names = [.. Names()];
        if (!names.Contains(RunSettings.FileName)) throw HoldsNone();
        Fetch(names.Where(name => name == RunSettings.FileName || (IsOfShards(name) && !HasRecords(name))));
        Named(() =>
        {
            var run = new RunFolder(folder);
            // Download no records while they cannot be merged yet.
            if (withRecords && run.Status().All(s => s.State == ShardState.Done)) Fetch(names.Where(HasRecords));
            look(run);
        });
    }

    private UsageException HoldsNone() => new($"{prefix} holds no batch: {RunSettings.FileName} is not there; give what was --out.");

    private void Fetch(IEnumerable<string> names)
    {
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = DownloadsAtOnce };
            Parallel.ForEach(names, options, name => store.Download(prefix.Below(name), Path.Combine(folder, name)));
        }
        catch (AggregateException e)
        {
            throw e.InnerExceptions[0]; // one error is enough for the message
        }
    }

    /// <summary>Names of the objects directly under the prefix.</summary>
    private IEnumerable<string> Names() => store.List(prefix)
        .Select(o => o.Key[prefix.Key.Length..])
        .Where(name => name.Length > 0 && name.IndexOfAny(['/', '\\']) < 0);

    private static bool IsOfShards(string name) => FileSystemName.MatchesSimpleExpression("shard-*-of-*.jsonl*", name, ignoreCase: false);

    /// <summary>Whether the name is the file of a shard that has all its records.</summary>
    private static bool HasRecords(string name) => IsOfShards(name) && name.EndsWith(".jsonl", StringComparison.Ordinal);

    private void Named(Action action) => Named(() =>
    {
        action();
        return true;
    });

    /// <summary>Makes errors name the objects instead of the copies in the temporary folder.</summary>
    private T Named<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (UsageException e) when (e.Message.Contains(folder, StringComparison.Ordinal))
        {
            throw new UsageException(Rename(e.Message));
        }
        catch (IOException e) when (e.Message.Contains(folder, StringComparison.Ordinal))
        {
            throw new IOException(Rename(e.Message), e);
        }
    }

    private string Rename(string message) => message
        .Replace(folder + Path.DirectorySeparatorChar, prefix.ToString(), StringComparison.Ordinal)
        .Replace(folder, prefix.ToString(), StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
