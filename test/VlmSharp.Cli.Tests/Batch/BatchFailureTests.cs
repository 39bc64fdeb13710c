using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>Runs of <c>vlmsharp batch</c> that fail in part or as a whole: retries, error rates, mistakes and exit codes.</summary>
public sealed class BatchFailureTests : BatchTests
{
    [Theory, InlineData("folder"), InlineData("list")]
    public async Task Retry_tries_what_failed_and_leaves_the_rest(string kind)
    {
        string cake = Path.Combine(Samples, "cake.png"), sun = Path.Combine(Samples, "sun.png"), broken = Out("in/b.png");
        Directory.CreateDirectory(Out("in"));
        foreach ((string name, string from) in new[] { ("a.png", cake), ("c.png", sun), ("d.png", cake) }) File.Copy(from,
            Out($"in/{name}"));
        File.WriteAllText(broken, "not a picture");
        File.WriteAllLines(Out("list.txt"), ["in/a.png", "in/b.png", "in/c.png", "in/d.png", "in/e.png"]);
        string[] command = [kind == "folder" ? Out("in") : Out("list.txt"), "--out", Out("out"), "--shards", "2", "--shard"];
        async Task<Run.Outcome> Batch(params string[] words) => await Run.Vlmsharp("", ["batch", .. words]);

        Run.Outcome early = await Batch(["retry", .. command, "1"]);
        Assert.Equal(2, early.Code);
        Assert.Contains("holds no batch", early.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Batch([.. command, "0", "-q"])).Code); // a, c (and e)
        Assert.Equal(0, (await Batch([.. command, "1", "-q"])).Code); // b, d
        string records = await File.ReadAllTextAsync(Out("out/shard-00001-of-00002.jsonl"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Out("out/shard-00001-of-00002.jsonl"), UnixFileMode.UserRead);
        Assert.Contains("\"error\"", records, StringComparison.Ordinal);

        Run.Outcome again = await Batch(["retry", .. command, "1"]);
        Assert.Contains("1 of 1, 1 error", again.Error, StringComparison.Ordinal);
        Assert.Equal(65, again.Code); // all that was tried
        Assert.Equal(records, await File.ReadAllTextAsync(Out("out/shard-00001-of-00002.jsonl")));

        File.Copy(sun, broken, overwrite: true);
        again = await Batch(["retry", .. command, "1"]);
        Assert.Equal(0, again.Code);
        Assert.Contains("1 of 1, 0 errors", again.Error, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(Out("out/shard-00001-of-00002.jsonl")));
        File.Copy(cake, Out("in/e.png"));
        if (kind == "list") Assert.Equal(0, (await Batch(["retry", .. command, "0", "-q"])).Code);
        else File.Delete(Out("in/e.png"));
        again = await Batch(["retry", .. command, "0"]);
        Assert.Equal((0, "shard-00000-of-00002.jsonl has no failed items.\n"), (again.Code, again.Error));

        // The same as if nothing had ever failed.
        Assert.Equal(0, (await Batch(command[0], "-q", "--out", Out("whole"))).Code);
        Assert.Equal(await Merged(Out("whole")), await Merged(Out("out")));
        Assert.Contains("\"errors\":0", (await Run.Vlmsharp("", "batch", "status", Out("out"), "--json")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_in_which_all_failed_is_no_success()
    {
        File.WriteAllText(Out("broken.png"), "not a picture");
        string[] command = ["batch", Out("broken.png"), Out("broken.png"), "--out", Out("out"), "-q"];
        for (int i = 0; i < 2; i++)
        {
            Run.Outcome run = await Run.Vlmsharp("", command);
            Assert.Equal((65, "vlmsharp: all 2 items failed; the records say why.\n"), (run.Code, run.Error));
        }
    }

    [Fact]
    public async Task Too_many_errors_stop_it()
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", Work(), "--max-error-rate", "0.05");
        Assert.Equal(65, run.Code);
        Assert.Contains("--max-error-rate", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", Work(), "-q", "--max-error-rate", "0.1")).Code);
    }

    [Fact]
    public async Task Too_many_errors_stop_the_next_run_too()
    {
        File.WriteAllText(Out("broken.png"), "not a picture");
        string[] command = ["batch", Out("broken.png"), Path.Combine(Samples, "cake.png"), "--out", Out("out"), "-q", "--max-error-rate"];
        for (int i = 0; i < 2; i++) Assert.Equal(65, (await Run.Vlmsharp("", [.. command, "0.1"])).Code);
        Assert.Contains("partial", (await Run.Vlmsharp("", "batch", "status", Out("out"), "--json")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, "0.5"])).Code); // a higher rate can be allowed afterwards
        Assert.Contains("done", (await Run.Vlmsharp("", "batch", "status", Out("out"), "--json")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--shards 2 without --shard", "--shards", "2")]
    [InlineData(2, "--batch-size 13", "--batch-size", "13")]
    [InlineData(2, "--max-error-rate 2", "--max-error-rate", "2")]
    [InlineData(2, "The task ask needs \"question\"", "--task", "ask")]
    [InlineData(2, "The task detect needs \"things\"", "--task", "detect")]
    [InlineData(2, "nothing to look for", "--task", "segment", "--things", ";")]
    [InlineData(2, "The task generate needs \"prompt\"", "--task", "generate")]
    [InlineData(2, "--question is for --task ask, and the task is caption: give both, or leave it out.", "--question", "what?")]
    [InlineData(2, "--things is for --task detect or segment, and the task is ask", "--things", "x", "--task", "ask", "--question", "y")]
    [InlineData(2, "--prompt is for --task generate, and the task is caption", "--prompt", "answer en what?")]
    [InlineData(2, "--lang is for --task caption or ask, and the task is detect", "--task", "detect", "--things", "x", "--lang", "de")]
    [InlineData(2, "The language is blank", "--lang", "")]
    [InlineData(2, "--shards 'x': give a whole number", "--shards", "x")]
    [InlineData(2, "--shard 'x': give a whole number", "--shard", "x")]
    [InlineData(2, "--batch-size '1.5': give a whole number", "--batch-size", "1.5")]
    [InlineData(2, "--max-error-rate 'few': give a number", "--max-error-rate", "few")]
    [InlineData(2, "--loc-divisor 'x': give a whole number", "--loc-divisor", "x")]
    [InlineData(2, "--force", "--force")]
    [InlineData(2, "that is a file; give a folder", "--out", "CAKE")]
    public async Task Mistakes_are_reported(int code, string message, params string[] options)
    {
        Run.Outcome run = await Run.Vlmsharp(
            "", ["batch", Path.Combine(Samples, "cake.png"), .. options.Select(o => o == "CAKE" ? Path.Combine(Samples, "cake.png") : o)]);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_list_is_worth_a_retry()
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", Out("nowhere"));
        Assert.Equal(75, run.Code);
        Assert.Contains("does not exist", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A pipe in place of a picture holds the run until its model was written to.</summary>
    [Theory, InlineData("model.safetensors"), InlineData("adapter_model.safetensors")]
    public async Task A_model_that_is_overwritten_ends_the_run_and_is_no_fault_of_an_item(string name)
    {
        if (OperatingSystem.IsWindows()) return; // it has no FIFO, and files in use cannot be written there
        string model = Copy(GoldenFiles.PathOf("models", "pg1"), "model");
        string adapter = Copy(GoldenFiles.PathOf("training", "pg1-lora"), "lora");
        string weights = Path.Combine(name.StartsWith('a') ? adapter : model, name);
        string pipe = Out("pipe.png"), cake = Path.Combine(Samples, "cake.png");
        Assert.Equal(0, (await Tool.RunAsync("mkfifo", [pipe])).Code);
        File.WriteAllLines(Out("work"), [pipe, cake]);
        string[] command =
            ["batch", Out("work"), "--model", model, "--adapter", adapter, "--out", Out("out"), "--batch-size", "1", "-q"];
        Task<Run.Outcome> running = Task.Run(() => Run.Vlmsharp("", command));
        using (var picture = new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) // waits for the reader
        {
            await Tool.OverwriteEndAsync(weights);
            await picture.WriteAsync(File.ReadAllBytes(cake));
        }

        Run.Outcome run = await running;
        Assert.Equal(3, run.Code);
        Assert.StartsWith($"vlmsharp: {weights} was written to while the model was in use", run.Error, StringComparison.Ordinal);
        Assert.Equal("", File.ReadAllText(Out("out/shard-00000-of-00001.jsonl.partial")));
    }

    private string Copy(string source, string name)
    {
        string target = Directory.CreateDirectory(Out(name)).FullName;
        foreach (string file in Directory.GetFiles(source)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        return target;
    }
}
