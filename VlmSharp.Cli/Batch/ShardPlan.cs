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

    private const string ArrayTask = "SLURM_ARRAY_TASK_ID";

    // The variables in which schedulers give the index of a process (from 0, except in a SLURM array) and the number of processes.
    private static readonly (string Index, string? Count)[] Schedulers =
    [
        (ArrayTask, "SLURM_ARRAY_TASK_COUNT"),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        ("PMI_RANK", "PMI_SIZE"),
        ("SLURM_PROCID", "SLURM_NTASKS"),
        ("JOB_COMPLETION_INDEX", null),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
    ];

    /// <summary>The shard that the command line names, otherwise the scheduler's; without either, all the work.</summary>
    /// <param name="shard"><c>--shard</c>, or null.</param>
    /// <param name="shards"><c>--shards</c>, or null.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <exception cref="UsageException">The numbers contradict each other.</exception>
    public static ShardPlan From(int? shard, int? shards, Func<string, string?> environment)
    {
        foreach (var (index, count) in Schedulers)
        {
            if (Number(environment, index) is not { } i) continue;
            int? n = count is null ? null : Number(environment, count);
            if (n is null && shards is null) continue; // a scheduler without a count needs --shards
            bool isDerived = shard is null && shards is null or > 1;
            shards ??= n;
            if (isDerived) shard = index == ArrayTask ? OfArray(i, n, shards!.Value, environment) : i;
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

    /// <summary>
    /// The shard of a task of a SLURM array: the task's place in the array if the array is contiguous and has as many tasks as there are
    /// shards. Otherwise the task's number is the shard's, so that <c>--array=3 ... --shards 8</c> runs only shard 3 again.
    /// </summary>
    private static int OfArray(int task, int? tasks, int shards, Func<string, string?> environment)
    {
        int first = Number(environment, "SLURM_ARRAY_TASK_MIN") ?? 0;
        long last = Number(environment, "SLURM_ARRAY_TASK_MAX") ?? (long)first + shards - 1;
        if (tasks == shards && last - first + 1 == shards) return task - first;
        return task >= 0 && task < shards
            ? task
            : throw new UsageException(
                $"task {task} of the SLURM array is no shard: with {shards} shards number the tasks from 0 to {shards - 1} "
                + "(--array), or give --shard and --shards.");
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
