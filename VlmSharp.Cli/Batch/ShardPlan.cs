using System.Globalization;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Batch;

/// <summary>The part of the work that this process does: of N shards, shard i takes the items i, i + N, i + 2N, ...</summary>
/// <param name="Shard">i, from 0.</param>
/// <param name="Shards">N.</param>
internal readonly record struct ShardPlan(int Shard, int Shards)
{
    /// <summary>The largest number of shards; a larger one is a mistake.</summary>
    public const int MaxShards = 99_999;

    // The variables in which schedulers give the index of a process (counted from Origin) and the number of processes.
    private static readonly (string Index, string? Count, int Origin)[] Schedulers =
    [
        ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", -1), // the origin is SLURM_ARRAY_TASK_MIN
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", 0),
        ("PMI_RANK", "PMI_SIZE", 0),
        ("SLURM_PROCID", "SLURM_NTASKS", 0),
        ("JOB_COMPLETION_INDEX", null, 0),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", 0),
    ];

    /// <summary>The shard that the command line names, otherwise the scheduler's; without either, all the work.</summary>
    /// <param name="shard"><c>--shard</c>, or null.</param>
    /// <param name="shards"><c>--shards</c>, or null.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <exception cref="UsageException">The numbers contradict each other.</exception>
    public static ShardPlan From(int? shard, int? shards, Func<string, string?> environment)
    {
        foreach (var (index, count, origin) in Schedulers)
        {
            if (Number(environment, index) is not { } i) continue;
            int? n = count is null ? null : Number(environment, count);
            if (n is null && shards is null) continue; // a scheduler without a count needs --shards
            int first = origin >= 0 ? origin : Number(environment, "SLURM_ARRAY_TASK_MIN") ?? 0;
            shard ??= shards is null or > 1 ? i - first : null;
            shards ??= n;
            break;
        }

        int total = shards ?? 1;
        if (total is < 1 or > MaxShards) throw new UsageException($"--shards {total}: give a number from 1 to {MaxShards}.");
        if (shard is null && total > 1)
            throw new UsageException($"--shards {total} without --shard: say which of them this is, from 0 to {total - 1}.");
        int own = shard ?? 0;
        return own >= 0 && own < total
            ? new ShardPlan(own, total)
            : throw new UsageException($"--shard {own}: with {total} shards give a number from 0 to {total - 1}.");
    }

    private static int? Number(Func<string, string?> environment, string name) =>
        int.TryParse(environment(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : null;

    /// <summary>Number of items of this shard.</summary>
    public long CountOf(long items) => items <= Shard ? 0 : (items - Shard - 1) / Shards + 1;

    /// <summary>The index of this shard's k-th item.</summary>
    public long IndexOf(long k) => Shard + k * Shards;

    /// <summary>Name of the shard's file, without the folder.</summary>
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"shard-{Shard:00000}-of-{Shards:00000}.jsonl");
}
