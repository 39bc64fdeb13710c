using VlmSharp.Conformance;
using VlmSharp.Training.Runs;

namespace VlmSharp.Training.Tests.Runs;

public sealed class RunStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> told = [];

    private RunStore Open(int last = 3, bool best = true) => RunStore.Open(folder.At("out"), new Retention(last, best), told.Add);

    private static RunState State(long step) => new()
    {
        Step = step,
        Settings = new Dictionary<string, string> { ["rate"] = "0.1", ["model"] = "a" },
        DataFingerprint = "f",
        DataPosition = $"{{\"next\":{step}}}",
        Values = new Dictionary<string, string> { ["tokens"] = "5" },
    };

    private static ICheckpointPart[] Parts(string text) =>
    [
        new CheckpointFile("numbers.bin", path => File.WriteAllText(path, text), _ => { }),
        new CheckpointFile(Path.Combine("adapter", "weights.bin"), path =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text + text);
        }, _ => { }),
    ];

    private static void Save(RunStore store, params long[] steps)
    {
        foreach (long step in steps) store.Save(State(step), Parts($"step {step}"));
    }

    [Fact]
    public void A_checkpoint_is_found_with_its_complete_description()
    {
        using RunStore store = Open();
        Assert.Null(store.FindLatest());
        store.RequireEmpty();
        Save(store, 5, 10);
        RunCheckpoint found = store.FindLatest()!;
        Assert.Equal("checkpoint-000010", Path.GetFileName(found.Folder));
        RunState state = found.State, expected = State(10);
        Assert.Equal(
            (expected.Step, expected.DataFingerprint, expected.DataPosition), (state.Step, state.DataFingerprint, state.DataPosition));
        Assert.Equal(expected.Settings, state.Settings);
        Assert.Equal(expected.Values, state.Values);
        Assert.Equal("step 10step 10", File.ReadAllText(Path.Combine(found.Folder, "adapter", "weights.bin")));
        Assert.Contains("10 steps", Assert.Throws<RequestException>(store.RequireEmpty).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_checkpoints_and_the_best_one_are_kept()
    {
        using RunStore store = Open(last: 2);
        foreach (long step in new long[] { 1, 2, 3, 4, 5 }) store.Save(State(step), Parts("x"), bestStep: step >= 2 ? 2 : 1);
        Assert.Equal([5, 4, 2], store.Steps);
    }

    [Fact]
    public void Without_a_best_one_only_the_last_checkpoints_are_kept()
    {
        using RunStore store = Open(last: 1, best: false);
        foreach (long step in new long[] { 1, 2, 3 }) store.Save(State(step), Parts("x"), bestStep: 1);
        Assert.Equal([3], store.Steps);
        Assert.Equal(["checkpoint-000003"], Directory.EnumerateDirectories(store.Folder).Select(Path.GetFileName));
    }

    public static TheoryData<string, Action<string>> Damages() => new()
    {
        { "hash differs", d => Flip(Path.Combine(d, "numbers.bin")) },
        { "lacks 'adapter/weights.bin'", d => File.Delete(Path.Combine(d, "adapter", "weights.bin")) },
        { "is not there", d => File.Delete(Path.Combine(d, "manifest.json")) },
        {
            "not well-formed JSON",
            d => File.WriteAllText(Path.Combine(d, "manifest.json"), File.ReadAllText(Path.Combine(d, "manifest.json"))[..^20])
        },
        { "does not name", d => File.WriteAllText(Path.Combine(d, "more.bin"), "") },
        { "where a JSON object belongs", d => File.WriteAllText(Path.Combine(d, "manifest.json"), "[]") },
        { "'format'", d => File.WriteAllText(Path.Combine(d, "manifest.json"), "{\"format\": 2}") },
        {
            "is of step 7",
            d => File.WriteAllText(
                Path.Combine(d, "manifest.json"),
                File.ReadAllText(Path.Combine(d, "manifest.json")).Replace("\"step\": 10", "\"step\": 7", StringComparison.Ordinal))
        },
    };

    private static void Flip(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    [Theory, MemberData(nameof(Damages))]
    public void A_damaged_checkpoint_is_reported_and_the_previous_one_is_used(string says, Action<string> damage)
    {
        using RunStore store = Open();
        Save(store, 5, 10);
        damage(Path.Combine(store.Folder, "checkpoint-000010"));
        Assert.Equal(5, store.FindLatest()!.State.Step);
        string message = Assert.Single(told);
        Assert.Contains("step 10 is damaged", message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Save(store, 10); // replaces the checkpoint of the same step
        Assert.Equal(10, store.FindLatest()!.State.Step);
    }

    [Fact]
    public void A_damaged_checkpoint_does_not_replace_a_complete_one()
    {
        using RunStore store = Open(last: 1);
        Save(store, 10);
        File.Delete(Path.Combine(store.Folder, "checkpoint-000010", "numbers.bin"));
        Assert.Null(store.FindLatest());
        Save(store, 4);
        Assert.Equal([4], store.Steps);
        Assert.Equal(4, store.FindLatest()!.State.Step);
    }

    [Fact]
    public void Unfinished_work_is_removed_and_foreign_files_stay()
    {
        using (RunStore store = Open()) Save(store, 5);
        foreach (string name in new[] { ".writing-checkpoint-000010", ".deleting-checkpoint-3-x", "mine", "checkpoint-x" })
        {
            Directory.CreateDirectory(folder.At($"out/{name}"));
            File.WriteAllText(folder.At($"out/{name}/numbers.bin"), "half");
        }

        using RunStore again = Open();
        Assert.Equal(
            ["checkpoint-000005", "checkpoint-x", "mine"], Directory.EnumerateDirectories(again.Folder).Select(Path.GetFileName).Order());
        Assert.Equal(5, again.FindLatest()!.State.Step);
    }

    [Fact]
    public void Two_runs_cannot_share_a_folder_and_an_old_lock_does_not_block_it()
    {
        using (RunStore store = Open())
            Assert.Contains("in use", Assert.Throws<IOException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.At("out/.lock"))); // as a killed process would leave it
        Open().Dispose();
    }

    [Fact]
    public void A_full_disk_leaves_existing_checkpoints()
    {
        using RunStore store = Open();
        Save(store, 5);
        var full = new CheckpointFile("large.bin", path =>
        {
            File.WriteAllText(path, "half of");
            throw new IOException("No space left on device.");
        }, _ => { });
        string message = Assert.Throws<IOException>(() => store.Save(State(10), [.. Parts("x"), full])).Message;
        Assert.Contains("step 10", message, StringComparison.Ordinal);
        Assert.Contains("No space left on device.", message, StringComparison.Ordinal);
        Assert.Equal(["checkpoint-000005"], Directory.EnumerateDirectories(store.Folder).Select(Path.GetFileName));
        Assert.Equal(5, store.FindLatest()!.State.Step);
    }

    /// <summary>The process ends before the n-th change of the file system, for every n, without any clean-up.</summary>
    [Fact]
    public void A_crash_before_any_change_leaves_a_complete_checkpoint()
    {
        int changes = 0;
        for (int end = 0; ; end++, changes++)
        {
            folder.Dispose();
            Directory.CreateDirectory(folder.Path);
            using (RunStore store = Open(last: 1))
            {
                Save(store, 5);
                int left = end;
                store.BeforeChange = _ =>
                {
                    if (left-- == 0) throw new EndOfProcessException();
                };
                try
                {
                    Save(store, 10);
                    break;
                }
                catch (EndOfProcessException)
                {
                    // killed here
                }
            }

            using RunStore after = Open(last: 1);
            RunState state = after.FindLatest()!.State;
            Assert.Contains(state.Step, new long[] { 5, 10 });
            Save(after, 15);
            Assert.Equal([15], after.Steps);
            Assert.DoesNotContain(Directory.EnumerateDirectories(after.Folder), d => Path.GetFileName(d).StartsWith('.'));
        }

        Assert.Empty(told);
        Assert.True(changes >= 10, $"There are only {changes} changes.");
    }

    /// <summary>
    /// A process that trains together with the saving one only reads: despite its lock, and without changing its unfinished work.
    /// </summary>
    [Fact]
    public void A_store_that_reads_finds_checkpoints_and_changes_nothing()
    {
        using RunStore before = RunStore.Read(folder.At("out"));
        Assert.Null(before.FindLatest());
        Assert.False(Directory.Exists(folder.At("out")));
        using RunStore store = Open();
        Save(store, 5, 10);
        Directory.CreateDirectory(folder.At("out/.writing-checkpoint-000015"));
        using RunStore other = RunStore.Read(folder.At("out"));
        Assert.Equal(10, other.FindLatest()!.State.Step);
        Assert.Throws<InvalidOperationException>(() => Save(other, 15));
        Assert.True(Directory.Exists(folder.At("out/.writing-checkpoint-000015")));
        Assert.Equal([10, 5], store.Steps);
    }

    [Fact]
    public void Other_settings_or_data_are_reported()
    {
        RunState state = State(5);
        state.RequireSame(state.Settings, "f", "out");
        string message = Assert.Throws<RequestException>(
            () => state.RequireSame(new Dictionary<string, string> { ["rate"] = "0.2", ["rank"] = "8" }, "f", "out")).Message;
        Assert.Contains("model was 'a' and is not set", message, StringComparison.Ordinal);
        Assert.Contains("rank was not set and is '8'", message, StringComparison.Ordinal);
        Assert.Contains("rate was '0.1' and is '0.2'", message, StringComparison.Ordinal);
        Assert.Contains("other data", Assert.Throws<RequestException>(() => state.RequireSame(state.Settings, "g", "out")).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private sealed class EndOfProcessException : Exception;
}
