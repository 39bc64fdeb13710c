using System.Globalization;

namespace VlmSharp.Training.Runs;

/// <summary>Which checkpoints stay.</summary>
/// <param name="Last">How many of the newest, at least 1.</param>
/// <param name="Best">Whether the best one stays as well.</param>
public sealed record Retention(int Last = 3, bool Best = true);

/// <summary>A checkpoint that is whole.</summary>
/// <param name="Folder">Its path, with all of its files.</param>
/// <param name="State">Where the run was.</param>
public sealed record RunCheckpoint(string Folder, RunState State);

/// <summary>
/// The folder of a run, with its checkpoints <c>checkpoint-000010</c> and so on. A checkpoint is written under a temporary name, synced
/// file by file, and renamed when it is complete. Whenever the process ends, a checkpoint is therefore either complete or absent, and
/// earlier ones stay. Only one process works in a folder at a time.
/// </summary>
public sealed class RunStore : IDisposable
{
    /// <summary>The lock file, and the name prefixes of folders that are being written or removed.</summary>
    internal const string LockName = ".lock", Writing = ".writing-", Deleting = ".deleting-";

    private const string Prefix = "checkpoint-";

    private readonly FileStream? gate; // null where it is only read
    private readonly Action<string> tell;

    private RunStore(string folder, Retention retention, Action<string> tell, FileStream? gate) =>
        (Folder, Retention, this.tell, this.gate) = (folder, retention, tell, gate);

    /// <summary>The run's folder.</summary>
    public string Folder { get; }

    /// <summary>Which checkpoints stay.</summary>
    public Retention Retention { get; }

    /// <summary>Called with the name of each file system change before it happens: tests end the run there.</summary>
    internal Action<string>? BeforeChange { get; set; }

    /// <summary>Opens the folder, creates it if needed, and removes unfinished work of an ended process.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="retention">Which checkpoints stay; null for the defaults.</param>
    /// <param name="tell">Receives messages for the user, one sentence each; null for nobody.</param>
    /// <returns>The store; disposing of it releases the lock.</returns>
    /// <exception cref="IOException">It cannot be written to, or another process works in it.</exception>
    public static RunStore Open(string folder, Retention? retention = null, Action<string>? tell = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        retention ??= new Retention();
        ArgumentOutOfRangeException.ThrowIfLessThan(retention.Last, 1);
        Directory.CreateDirectory(folder);
        FileStream gate = Lock(folder);
        foreach (string unfinished in Directory.EnumerateDirectories(folder).Where(IsUnfinished).ToArray())
            Directory.Delete(unfinished, recursive: true);
        return new RunStore(folder, retention, tell ?? (_ => { }), gate);
    }

    /// <summary>
    /// Opens a folder that another process may be working in, without a lock and without changes. For processes that train together
    /// with the one that saves.
    /// </summary>
    /// <param name="folder">The run's folder, which need not exist.</param>
    /// <param name="tell">Receives messages for the user, one sentence each; null for nobody.</param>
    /// <returns>A store that gives checkpoints and refuses to save.</returns>
    public static RunStore Read(string folder, Action<string>? tell = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new RunStore(folder, new Retention(), tell ?? (_ => { }), gate: null);
    }

    /// <summary>Whether it only reads.</summary>
    public bool IsReadOnly => gate is null;

    /// <summary>The steps of all checkpoints by folder name, newest first; not checked for completeness.</summary>
    public IReadOnlyList<long> Steps =>
        !Directory.Exists(Folder) ? [] : [.. Directory.EnumerateDirectories(Folder).Select(StepOf).Where(s => s >= 0).OrderDescending()];

    /// <summary>The newest checkpoint with intact files. Damaged ones are reported and skipped.</summary>
    /// <returns>The checkpoint, or null if there is none.</returns>
    public RunCheckpoint? FindLatest()
    {
        foreach (long step in Steps)
        {
            string folder = PathOf(step);
            try
            {
                RunManifest manifest = RunManifest.Read(folder);
                manifest.Verify(folder);
                if (manifest.State.Step != step) throw new ModelFormatException($"{folder} says that it is of step {manifest.State.Step}.");
                return new RunCheckpoint(folder, manifest.State);
            }
            catch (Exception e) when (e is ModelFormatException or IOException or UnauthorizedAccessException)
            {
                tell($"The checkpoint of step {step} is damaged and passed over: {e.Message}");
            }
        }

        return null;
    }

    /// <summary>Throws where the folder holds a run already.</summary>
    /// <exception cref="RequestException">It does.</exception>
    public void RequireEmpty()
    {
        if (Steps.Count > 0)
            throw new RequestException($"{Folder} holds a run already, of {Steps[0]} steps: go on with it (--resume), or give another "
                + "folder.");
    }

    /// <summary>Writes a checkpoint, and then removes those that are no longer kept.</summary>
    /// <param name="state">The state of the run.</param>
    /// <param name="parts">What it holds.</param>
    /// <param name="bestStep">The best checkpoint so far, which may be this one; null if none is known.</param>
    /// <returns>Its folder.</returns>
    /// <exception cref="IOException">It could not be written; earlier checkpoints are unchanged.</exception>
    /// <exception cref="InvalidOperationException">The store only reads.</exception>
    public string Save(RunState state, IEnumerable<ICheckpointPart> parts, long? bestStep = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(parts);
        if (IsReadOnly) throw new InvalidOperationException($"{Folder} was opened to be read.");
        string folder = PathOf(state.Step), temporary = Path.Combine(Folder, Writing + Path.GetFileName(folder));
        try
        {
            Fill(temporary, state, parts);
            if (Directory.Exists(folder)) Delete(state.Step); // damaged, or this would not be written again
            Change("rename");
            Directory.Move(temporary, folder);
            Change("sync folder");
            DurableFiles.SyncFolder(Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new IOException(
                $"The checkpoint of step {state.Step} could not be written to {Folder}: {e.Message} Those before it are as they were.", e);
        }

        Prune(state.Step, bestStep);
        return folder;
    }

    private void Fill(string temporary, RunState state, IEnumerable<ICheckpointPart> parts)
    {
        if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        Change("create");
        Directory.CreateDirectory(temporary);
        foreach (ICheckpointPart part in parts)
        {
            Change("part");
            part.Save(temporary);
        }

        var manifest = new RunManifest(state, RunManifest.HashFiles(temporary));
        foreach (string name in manifest.Files.Keys)
        {
            Change("sync file");
            DurableFiles.SyncFile(Path.Combine(temporary, name));
        }

        Change("manifest");
        DurableFiles.Write(Path.Combine(temporary, RunManifest.FileName), manifest.ToJson());
        Change("sync folders");
        foreach (string inner in Directory.EnumerateDirectories(temporary, "*", SearchOption.AllDirectories))
            DurableFiles.SyncFolder(inner);
        DurableFiles.SyncFolder(temporary);
    }

    /// <summary>
    /// Removes checkpoints that are no longer kept. A checkpoint of a later step is a damaged one that was skipped: if it counted among the
    /// newest, it would displace an intact one.
    /// </summary>
    private void Prune(long newest, long? bestStep)
    {
        IEnumerable<long> later = Steps.Where(step => step > newest), earlier = Steps.Where(step => step <= newest).Skip(Retention.Last);
        foreach (long step in later.Concat(earlier.Where(step => !Retention.Best || step != bestStep)))
        {
            try
            {
                Delete(step);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                tell($"The checkpoint of step {step} could not be removed: {e.Message}");
            }
        }
    }

    /// <summary>Renames a checkpoint before deleting it, so that no incomplete one has the name.</summary>
    private void Delete(long step)
    {
        string doomed = Path.Combine(Folder, $"{Deleting}{Prefix}{step}-{Guid.NewGuid():N}");
        Change("rename away");
        Directory.Move(PathOf(step), doomed);
        Change("delete");
        Directory.Delete(doomed, recursive: true);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run removes it; the error that made the checkpoint fail is reported.
        }
    }

    private void Change(string what) => BeforeChange?.Invoke(what);

    private string PathOf(long step) => Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D6}"));

    private static long StepOf(string folder)
    {
        string name = Path.GetFileName(folder);
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)) return -1;
        return long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : -1;
    }

    private static bool IsUnfinished(string folder)
    {
        string name = Path.GetFileName(folder);
        return name.StartsWith(Writing + Prefix, StringComparison.Ordinal) || name.StartsWith(Deleting + Prefix, StringComparison.Ordinal);
    }

    /// <summary>The lock ends with the process, however that ends.</summary>
    private static FileStream Lock(string folder)
    {
        string path = Path.Combine(folder, LockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException && !File.Exists(path)))
        {
            throw new IOException($"{folder} cannot be written to: give a folder that takes new files.", e);
        }
        catch (IOException e)
        {
            throw new IOException($"{folder} is in use, probably by another process that trains into it ({e.Message}).", e);
        }
    }

    /// <summary>Lets others in.</summary>
    public void Dispose() => gate?.Dispose();
}
