using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>deploy/slurm on a real SLURM (<c>apt-get install slurm-wlm</c>), with the events that jobs meet on shared clusters.</summary>
public sealed class SlurmTests
{
    private const int Tasks = 3;

    [ToolFact("slurmctld", "slurmd", "sbatch", "root")]
    public async Task Parts_that_are_preempted_or_lose_their_node_give_the_result_of_one_process()
    {
        // Item 31 is in part 1, item 50 in part 2. Each part waits in the middle until it has been stopped there.
        using var work = new Work(60, held: [31, 50]);
        string output = work.At("out");
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string job = await cluster.SubmitAsync(
            $"--array=0-{Tasks - 1}", Path.Combine(GoldenFiles.Root, "deploy", "slurm", "parts.sbatch"), "batch", work.List, "--out",
            output, "-q", "--batch-size", "2");

        // An urgent job needs both processors. Part 1, which waits at its held picture, is preempted and requeued after it.
        await Work.UntilAsync("part 1 stands at its held picture", () => Task.FromResult(Work.Records(output, 1, Tasks) >= 8));
        string urgent = await cluster.SubmitAsync("-p", "high", "--ntasks=2", "--output=urgent.log", "--wrap", "sleep 1");
        await Work.UntilAsync("the urgent job is done", () => cluster.HasEndedAsync(urgent));
        work.LetGo(31);

        // The node dies while part 2 runs, and starts again.
        await Work.UntilAsync("part 2 stands at its held picture", async () =>
            !await cluster.HasEndedAsync(job) && Work.Records(output, 2, Tasks) >= 14 && await cluster.IsRunningAsync($"{job}_2"));
        cluster.KillNode();
        work.LetGo(50);
        cluster.StartNode();

        await Work.UntilAsync("the array is done", () => cluster.HasEndedAsync(job));
        Assert.True(
            Enumerable.Range(0, Tasks).All(i => File.Exists(Path.Combine(output, $"shard-{i:00000}-of-{Tasks:00000}.jsonl.done"))),
            cluster.Logs());
        Assert.Equal(await work.AloneAsync(), await Work.MergedAsync(output));
    }

    [ToolFact("slurmctld", "slurmd", "sbatch", "root")]
    public async Task Before_the_time_limit_a_part_ends_itself_and_is_requeued()
    {
        using var work = new Work(600);
        string output = work.At("out");
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string job = await cluster.SubmitAsync(
            "--array=0-0", Path.Combine(GoldenFiles.Root, "deploy", "slurm", "parts.sbatch"), "batch", work.List, "--out", output, "-q",
            "--batch-size", "1");
        await Work.UntilAsync("the part has begun", () => Task.FromResult(Work.Records(output, 0, 1) >= 10));
        await cluster.SignalAsync($"{job}_0", "USR1"); // the signal that --signal=B:USR1@120 sends
        await Work.UntilAsync(
            "the part was requeued", async () => (await cluster.ShowAsync($"{job}_0")).Contains("Restarts=1", StringComparison.Ordinal));
        await Work.UntilAsync("the part is done", () => cluster.HasEndedAsync(job));
        Assert.True(File.Exists(Path.Combine(output, "shard-00000-of-00001.jsonl.done")), await cluster.ShowAsync(job) + cluster.Logs());
        Assert.Equal(await work.AloneAsync(), await Work.MergedAsync(output));
    }

    [ToolFact("slurmctld", "slurmd", "sbatch", "root")]
    public async Task An_evaluation_in_parts_has_the_scores_of_one_process()
    {
        using var work = new Work(20);
        string data = work.At("data.jsonl"), together = work.At("together"), alone = work.At("alone");
        File.WriteAllLines(
            data,
            Enumerable.Range(0, work.Count)
                .Select(i => $"{{\"image\": \"{i:000}.png\", \"prefix\": \"caption en\", \"suffix\": \"a cake\"}}"));
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string job = await cluster.SubmitAsync(
            "--array=0-2", Path.Combine(GoldenFiles.Root, "deploy", "slurm", "parts.sbatch"), "eval", data, "--out", together);
        await Work.UntilAsync("the array is done", () => cluster.HasEndedAsync(job));
        (int code, _, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "eval", data, "--out", alone]);
        Assert.True(code == 0, errors);
        Assert.True(File.Exists(Path.Combine(together, "scores.json")), cluster.Logs());
        foreach (string name in new[] { "scores.json", "records.jsonl" })
            Assert.Equal(File.ReadAllText(Path.Combine(alone, name)), File.ReadAllText(Path.Combine(together, name)));
    }
}
