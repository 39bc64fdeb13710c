using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Cli.Errors;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// A finished shard whose failed items are tried again. Its records are copied to a second file, with new records in place of the error
/// records; then the second file replaces the first. Until then the shard is unchanged. If the process is asked to end early, the items
/// that were tried again are kept.
/// </summary>
internal sealed class RetriedShard : IRecordSink
{
    private readonly string path;
    private readonly FileStream gate, old, target;
    private readonly IEnumerator<byte[]> lines;
    private readonly long records;
    private readonly List<long> failed = [];
    private long errors;
    private bool isTorn; // a write has begun and not ended
    private bool isComplete;

    private RetriedShard(string path, FileStream gate)
    {
        (this.path, this.gate) = (path, gate);
        old = File.OpenRead(path);
        foreach (byte[] line in ShardFile.Lines(old))
        {
            records++;
            if (ShardFile.IsError(line)) failed.Add(ShardFile.IndexOf(line));
        }

        errors = failed.Count;
        old.Position = 0;
        lines = ShardFile.Lines(old).GetEnumerator();
        target = PartialFile.Create(path + ".retry", path);
    }

    /// <summary>The indices of the items to try again, ascending.</summary>
    public IReadOnlyList<long> Failed => failed;

    /// <summary>Number of items that were tried again so far.</summary>
    public long Records { get; private set; }

    /// <summary>Number of them that failed again.</summary>
    public long Errors { get; private set; }

    /// <summary>Called when the new files are in place; null for no call.</summary>
    private Action? Finished { get; init; }

    /// <summary>Disposed together with this object; null for nothing.</summary>
    private IDisposable? Owner { get; init; }

    /// <summary>Opens a shard.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="plan">Which shard.</param>
    /// <param name="items">Number of items of the whole run.</param>
    /// <param name="finished">Called when the new files are in place; null for no call.</param>
    /// <param name="owner">Disposed together with the returned sink; null for nothing.</param>
    /// <returns>A sink for the failed items, or a <see cref="FinishedShard"/> if none failed.</returns>
    /// <exception cref="UsageException">The shard is not done.</exception>
    /// <exception cref="IOException">The shard was changed, or another process works on it.</exception>
    public static IRecordSink Open(string folder, ShardPlan plan, long items, Action? finished = null, IDisposable? owner = null)
    {
        string path = Path.Combine(folder, plan.FileName);
        FileStream gate = ShardFile.Lock(path);
        try
        {
            ShardStatus status = RunFolder.StatusOf(folder, plan);
            if (status.State != ShardState.Done)
            {
                throw new UsageException(
                    $"{plan.FileName} is not done ({status.Records} of {plan.CountOf(items)} records): run it to its end first, without "
                        + "'retry'.");
            }

            RunFolder.Verify(folder, status);
            if (status.Errors > 0) return new RetriedShard(path, gate) { Finished = finished, Owner = owner };
            gate.Dispose();
            return new FinishedShard(status.Records, 0);
        }
        catch
        {
            gate.Dispose();
            throw;
        }
    }

    public void Append(ReadOnlySpan<byte> line, bool isError)
    {
        isTorn = true;
        Copy(until: ShardFile.IndexOf(line));
        Write(line);
        isTorn = false;
        Records++;
        if (isError) Errors++;
        else errors--;
    }

    public void Complete()
    {
        isComplete = true;
        Copy(until: long.MaxValue);
        target.Flush(flushToDisk: true);
        target.Position = 0;
        byte[] hash = SHA256.HashData(target);
        string written = target.Name;
        CloseFiles();
        // If the process is killed between these steps, the shard has all records but no marker; any later run writes the marker.
        File.Delete(ShardFile.DoneOf(path));
        File.Move(written, path, overwrite: true);
        ShardFile.WriteMarker(path, records, errors, hash);
        Finished?.Invoke();
    }

    /// <summary>Copies the old records up to an index and skips the record of that index.</summary>
    private void Copy(long until)
    {
        while (lines.MoveNext())
        {
            if (ShardFile.IndexOf(lines.Current) == until) return;
            Write(lines.Current);
        }
    }

    private void Write(ReadOnlySpan<byte> line)
    {
        target.Write(line);
        target.WriteByte((byte)'\n');
    }

    private void CloseFiles()
    {
        lines.Dispose();
        old.Dispose();
        target.Dispose();
    }

    /// <summary>Keeps the items that were tried again, and closes the files.</summary>
    public void Dispose()
    {
        if (!isComplete && !isTorn && Records > 0) Complete();
        CloseFiles();
        File.Delete(path + ".retry");
        gate.Dispose();
        Owner?.Dispose();
    }
}
