using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Storage;

namespace VlmSharp.Cli.Batch;

/// <summary>What <c>--out</c> names: a folder, or a prefix of an object store (<see cref="StoredRun"/>).</summary>
internal static class RunOutput
{
    /// <summary>Makes the place this run's and opens a shard, where the last process stopped.</summary>
    /// <param name="output">A folder, or s3://BUCKET/PREFIX.</param>
    /// <param name="plan">Which shard.</param>
    /// <param name="settings">What the run is.</param>
    /// <param name="force">Whether what another run left is thrown away.</param>
    /// <param name="retry">Whether the failed items of a finished shard are tried again.</param>
    /// <param name="uploadEvery">How often an object store gets what is there so far.</param>
    /// <returns>Where the records go; a <see cref="FinishedShard"/> where they are all there.</returns>
    /// <exception cref="UsageException">The place holds another run.</exception>
    public static IRecordSink Open(string output, ShardPlan plan, RunSettings settings, bool force, bool retry, TimeSpan uploadEvery)
    {
        if (force && plan.Shards > 1) throw new UsageException($"--force with {plan.Shards} shards would delete what the others write: empty {output} before you start them.");
        if (ObjectPath.IsOne(output)) return StoredRun.Open(ObjectPath.Parse(output), plan, settings, force, retry, uploadEvery);
        if (retry) _ = new RunFolder(output); // refuses what holds no run, before it becomes one
        Directory.CreateDirectory(output);
        if (force) RunFolder.Clear(output);
        settings.Claim(output, retry);
        if (retry) return RetriedShard.Open(output, plan, settings.Items, () => settings.Save(output));
        ShardStatus status = RunFolder.StatusOf(output, plan);
        return status.State == ShardState.Done ? new FinishedShard(status.Records, status.Errors ?? 0) : ShardFile.Open(output, plan);
    }

    /// <summary>Looks at a run; of one in an object store, at a copy.</summary>
    /// <param name="output">A folder, or s3://BUCKET/PREFIX.</param>
    /// <param name="withRecords">Whether the records of the finished shards are read too.</param>
    /// <param name="look">Looks.</param>
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
