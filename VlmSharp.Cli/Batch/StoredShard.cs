using System.Diagnostics;
using VlmSharp.Cli.Storage;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// A shard's file that is copied to an object store: the records so far at intervals and when the process is asked to end, and all records
/// with their marker at the end. An object cannot be appended to, so each copy is a complete upload; uploads take at most a twentieth of
/// the time.
/// </summary>
internal sealed class StoredShard : IRecordSink
{
    private const int LeastShareOfWork = 20;

    /// <summary>Clusters usually send SIGKILL 30 s after SIGTERM.</summary>
    private static readonly TimeSpan LastUpload = TimeSpan.FromSeconds(20);

    private readonly ShardFile file;
    private readonly string path;
    private readonly Action<string, string, CancellationToken> upload;
    private readonly StoredRun run;
    private readonly CancellationTokenSource stop = new();
    private readonly Task copying;
    private readonly Lock gate = new();
    private long uploaded;
    private bool isComplete;
    private volatile StorageException? refusal;

    /// <summary>Starts copying.</summary>
    /// <param name="file">The shard's file; closed together with this object.</param>
    /// <param name="path">The path of the complete file.</param>
    /// <param name="every">Interval between copies.</param>
    /// <param name="upload">Uploads a file as the object of the given name.</param>
    /// <param name="run">The run; closed together with this object.</param>
    public StoredShard(ShardFile file, string path, TimeSpan every, Action<string, string, CancellationToken> upload, StoredRun run)
    {
        (this.file, this.path, this.upload, this.run, uploaded) = (file, path, upload, run, file.Records);
        copying = Task.Run(() => CopyAsync(every));
        AppDomain.CurrentDomain.ProcessExit += CopyAtExit;
    }

    public long Records => file.Records;

    public long Errors => file.Errors;

    public void Append(ReadOnlySpan<byte> line, bool isError)
    {
        file.Append(line, isError);
        if (refusal is { } e) throw new StorageException(e.Message, e);
    }

    public void Complete()
    {
        stop.Cancel();
        lock (gate)
        {
            file.Complete();
            string done = ShardFile.DoneOf(path);
            upload(path, Path.GetFileName(path), default);
            upload(done, Path.GetFileName(done), default); // last: the marker completes the shard
            isComplete = true;
            run.Delete(Path.GetFileName(ShardFile.PartialOf(path)));
        }
    }

    private async Task CopyAsync(TimeSpan every)
    {
        for (TimeSpan wait = every; ;)
        {
            await Task.Delay(wait, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested) return;
            long start = Stopwatch.GetTimestamp();
            try
            {
                Copy(stop.Token);
            }
            catch (Exception e) when (e is StorageException { IsTransient: true } or IOException)
            {
                await Console.Error.WriteLineAsync($"vlmsharp: {e.Message} The records are kept here until then.");
            }
            catch (StorageException e)
            {
                refusal = e; // later copies would be refused too
                return;
            }
            catch (OperationCanceledException)
            {
                return; // whoever cancels makes the last copy
            }

            TimeSpan most = LeastShareOfWork * Stopwatch.GetElapsedTime(start);
            wait = most > every ? most : every;
        }
    }

    /// <summary>Copies the records so far. The copy may end with an incomplete line; the next process cuts it off.</summary>
    private void Copy(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            long records = file.Records;
            if (isComplete || records == uploaded) return;
            string partial = ShardFile.PartialOf(path), copy = partial + ".copy";
            using (FileStream from = new(partial, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete),
                to = File.Create(copy))
                from.CopyTo(to);
            upload(copy, Path.GetFileName(partial), cancellationToken);
            uploaded = records;
        }
    }

    /// <summary>A signal ends the process while the model is running: the records so far are uploaded first.</summary>
    private void CopyAtExit(object? sender, EventArgs e) => CopyLast();

    private void CopyLast()
    {
        using var limit = new CancellationTokenSource(LastUpload);
        stop.Cancel();
        try
        {
            Copy(limit.Token);
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            Console.Error.WriteLine($"vlmsharp: the last records are not in the store and will be made again: {e.Message}");
        }
    }

    /// <summary>Uploads what the store does not have yet, and deletes the local files.</summary>
    public void Dispose()
    {
        if (refusal is null) CopyLast();
        AppDomain.CurrentDomain.ProcessExit -= CopyAtExit;
        copying.GetAwaiter().GetResult();
        file.Dispose();
        stop.Dispose();
        run.Dispose();
    }
}
