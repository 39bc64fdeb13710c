using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Storage;

namespace VlmSharp.Cli.Batch;

/// <summary>The place that <c>--out</c> names: a folder, or a prefix of an object store (<see cref="StoredRun"/>).</summary>
internal static class RunOutput
{
    /// <summary>Claims the output for this run and opens a shard where the last process stopped.</summary>
    /// <param name="output">A folder, or s3://BUCKET/PREFIX.</param>
    /// <param name="plan">Which shard.</param>
    /// <param name="settings">The settings of the run.</param>
    /// <param name="force">Whether to delete the results of another run.</param>
    /// <param name="retry">Whether to retry the failed items of a finished shard.</param>
    /// <param name="uploadEvery">How often the records so far are copied to an object store.</param>
    /// <returns>A sink for the records; a <see cref="FinishedShard"/> if all are written already.</returns>
    /// <exception cref="UsageException">The output holds another run.</exception>
    public static IRecordSink Open(string output, ShardPlan plan, RunSettings settings, bool force, bool retry, TimeSpan uploadEvery)
    {
        if (force && plan.Shards > 1)
            throw new UsageException(
                $"--force with {plan.Shards} shards would delete what the others write: empty {output} before you start them.");
        if (ObjectPath.IsOne(output)) return StoredRun.Open(ObjectPath.Parse(output), plan, settings, force, retry, uploadEvery);
        if (retry) _ = new RunFolder(output); // throws if the folder holds no run, before it is created
        Directory.CreateDirectory(output);
        if (force) RunFolder.Clear(output);
        settings.Claim(output, retry);
        if (retry) return RetriedShard.Open(output, plan, settings.Items, () => settings.Save(output));
        ShardStatus status = RunFolder.StatusOf(output, plan);
        return status.State == ShardState.Done ? new FinishedShard(status.Records, status.Errors ?? 0) : ShardFile.Open(output, plan);
    }

    /// <summary>Reads a run; a run in an object store is copied first.</summary>
    /// <param name="output">A folder, or s3://BUCKET/PREFIX.</param>
    /// <param name="withRecords">Whether the records of finished shards are needed too.</param>
    /// <param name="look">Called with the run.</param>
    public static void Look(string output, bool withRecords, Action<RunFolder> look)
    {
        if (!ObjectPath.IsOne(output))
        {
            look(new RunFolder(output));
            return;
        }

        using var run = new StoredRun(ObjectPath.Parse(output));
        run.Look(withRecords, look);
    }
}
