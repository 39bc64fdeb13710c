using VlmSharp.Training.Runs;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>A training in two processes that Open MPI or MPICH starts.</summary>
/// <param name="two">The examples and the run to compare with.</param>
public sealed class MpiTests(TwoProcesses two) : IClassFixture<TwoProcesses>
{
    private static string First => MpiLaunchers.All[0];

    [MpiTheory, MemberData(nameof(MpiLaunchers.Data), MemberType = typeof(MpiLaunchers))]
    public void Two_processes_take_the_steps_of_one(string launcher)
    {
        two.Train(launcher, $"two-{launcher}");
        RequireClose(two.TrainAlone($"alone-{launcher}"), two.Losses($"two-{launcher}"));
    }

    [MpiFact]
    public void Two_processes_train_a_whole_model_as_one_does()
    {
        two.Train(First, "two-full", "full");
        RequireClose(two.TrainAlone("alone-full", "full"), two.Losses("two-full"));
    }

    [MpiTheory, MemberData(nameof(MpiLaunchers.Data), MemberType = typeof(MpiLaunchers))]
    public void The_bits_are_the_same_every_time_for_any_number_of_buckets(string launcher) =>
        Assert.Equal(two.Straight, two.Train(launcher, $"buckets-{launcher}", "buckets:1"));

    /// <summary>
    /// Sharded states (ZeRO-1) are the same, and a run can be resumed with or without sharding, whichever way it was saved.
    /// </summary>
    [MpiFact]
    public void Sharded_states_change_no_bit()
    {
        Assert.Equal(two.Straight, two.Train(First, "shards", "shard"));
        Directory.Delete(Path.Combine(two.At("shards"), "checkpoint-000006"), recursive: true);
        Assert.Equal(two.Straight, two.Train(First, "shards", "resume"));
        Directory.Delete(Path.Combine(two.At("shards"), "checkpoint-000006"), recursive: true);
        Assert.Equal(two.Straight, two.Train(First, "shards", "resume", "shard"));
    }

    [MpiFact]
    public void States_of_8_bits_and_parameters_in_bfloat16_are_sharded_too() =>
        Assert.Equal(
            two.Train(First, "plain-bf16", "full", "bf16", "8bit"), two.Train(First, "shards-bf16", "full", "bf16", "8bit", "shard"));

    /// <summary>Open MPI leaves time to save the last step. MPICH kills at once, so the previous checkpoint is the last.</summary>
    [MpiTheory, MemberData(nameof(MpiLaunchers.Data), MemberType = typeof(MpiLaunchers))]
    public void A_killed_process_ends_the_other_and_the_resumed_run_is_unchanged(string launcher)
    {
        string name = $"killed-{launcher}", folder = two.At(name);
        bool saves = launcher.Contains("openmpi", StringComparison.Ordinal);
        Directory.CreateDirectory(folder);
        (int code, string text) = MpiLaunchers.Run(launcher, two.Data, folder, "kill:1", saves ? "save:0" : "save:1");
        Assert.True(code != 0, text);
        using (RunStore store = RunStore.Read(folder))
            Assert.True(store.FindLatest() is { State.Step: > 0 and < 6 }, text);
        Assert.Equal(two.Straight, two.Train(launcher, name, "resume"));
    }

    /// <summary>The other processes wait for the part of the states that it would have written.</summary>
    [MpiFact]
    public void A_process_that_cannot_write_ends_the_others()
    {
        Directory.CreateDirectory(two.At("unwritable"));
        File.WriteAllText(Path.Combine(two.At("unwritable"), ".writing-checkpoint-000003"), "a file where a folder is to be made");
        (int code, string text) = MpiLaunchers.Run(First, two.Data, two.At("unwritable"), "shard");
        Assert.True(code != 0, text);
        Assert.Contains("checkpoint of step 3 could not be written", text, StringComparison.Ordinal);
        Assert.Equal(3, two.Losses("unwritable").Length);
    }

    private static void RequireClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair =>
            Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-6 * pair.First, $"{pair.Second}, and in one process {pair.First}"));
    }
}
