using System.Diagnostics;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Cache;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>
/// <c>vlmsharp pull</c> as people run it: killed, run twice at once, next to the lock of another tool. Then the model is used by its name.
/// </summary>
public sealed class PullProcessTests : IDisposable
{
    private const int Size = 24_000_000;

    private readonly TemporaryFolder folder = new();

    private string Cache => Path.Combine(folder.Path, "huggingface", "hub");

    public void Dispose() => folder.Dispose();

    private ProgramRun Pull(FakeHub hub, params string[] more) =>
        ProgramRun.Start(folder.Path, ["pull", FakeHub.Model, "--endpoint", hub.Address.OriginalString, .. more]);

    private string Incomplete(FakeHub hub) => Path.Combine(Cache, "models--acme--tiny", "blobs", hub.Files[2].ETag + ".incomplete");

    private static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    [Fact]
    public async Task A_pull_that_was_killed_twice_resumes_where_it_was()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { Pause = TimeSpan.FromMilliseconds(4) };
        long before = 0;
        for (int time = 0; time < 2; time++)
        {
            using ProgramRun run = Pull(hub);
            while (!run.HasEnded && Length(Incomplete(hub)) < before + 2_000_000) await Task.Delay(5);
            await run.KillAsync();
            before = Length(Incomplete(hub));
            Assert.InRange(before, 2_000_000, Size - 1);
            Assert.True(File.ReadAllBytes(Incomplete(hub)).AsSpan().SequenceEqual(hub.Files[2].Content.AsSpan(0, (int)before)));
        }

        hub.Forget();
        hub.Pause = TimeSpan.Zero;
        using ProgramRun last = Pull(hub);
        (int code, string output, string error) = await last.EndAsync();
        Assert.True(code == 0, error);
        Assert.Equal(Size - before, hub.Sent);
        Assert.Equal(Path.Combine(Cache, "models--acme--tiny", "snapshots", FakeHub.Commit) + Environment.NewLine, output);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_signal_ends_a_pull_and_keeps_the_received_bytes()
    {
        if (OperatingSystem.IsWindows()) return; // Windows has no such signal
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { Pause = TimeSpan.FromMilliseconds(4) };
        using ProgramRun run = Pull(hub);
        while (!run.HasEnded && Length(Incomplete(hub)) < 2_000_000) await Task.Delay(5);
        // like Ctrl-C, which a background program never gets
        using (Process kill = Process.Start("kill", ["-TERM", $"{run.Id}"])) await kill.WaitForExitAsync();
        (int code, string output, string error) = await run.EndAsync();
        Assert.Equal((130, ""), (code, output));
        Assert.EndsWith("vlmsharp: canceled" + Environment.NewLine, error, StringComparison.Ordinal);
        Assert.InRange(Length(Incomplete(hub)), 2_000_000, Size - 1);
    }

    [Fact]
    public async Task Two_processes_at_once_fetch_every_byte_once()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(Size)) { Pause = TimeSpan.FromMilliseconds(1) };
        using ProgramRun first = Pull(hub), second = Pull(hub);
        (int Code, string Output, string Error)[] ends = [await first.EndAsync(), await second.EndAsync()];
        Assert.All(ends, end => Assert.True(end.Code == 0, end.Error));
        Assert.Equal(ends[0].Output, ends[1].Output);
        Assert.Equal(Size + 5000, hub.Sent);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    [Fact]
    public async Task A_pull_waits_for_the_lock_of_python_s_tools()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        string path = Path.Combine(Cache, ".locks", "models--acme--tiny", hub.Files[2].ETag + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Does what Python's filelock does on Unix: flock on the open file.
        using Process? holder = StartHolder(path);
        if (holder is null) return; // there is no flock program, for example on Windows
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
        using ProgramRun run = Pull(hub);
        while (!File.Exists(Path.Combine(Cache, "models--acme--tiny", "snapshots", FakeHub.Commit, "tokenizer.model")))
            await Task.Delay(10);
        await Task.Delay(300);
        Assert.False(run.HasEnded);
        holder.StandardInput.Close(); // ends the program and with it the lock
        (int code, _, string error) = await run.EndAsync();
        Assert.Equal(0, code);
        Assert.Contains("model.safetensors: another process fetches it; waiting for that one", error, StringComparison.Ordinal);
        CacheReader.Check(Cache, FakeHub.Model);
    }

    private static Process? StartHolder(string path)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("flock", [path, "sh", "-c", "echo held; cat"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true
            });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [Fact]
    public async Task A_model_of_the_hub_answers_by_its_name()
    {
        await using var hub = new FakeHub(FakeHub.Folder(GoldenFiles.DemoModel));
        string picture = Path.Combine(GoldenFiles.DemoModel, "..", "samples", "cake.png");
        string[] caption = ["caption", picture, "-q", "--model", FakeHub.Model];
        (int code, string output, string error) = await ProgramRun.RunAsync(folder.Path, caption);
        Assert.Equal((3, ""), (code, output));
        Assert.Equal(
            $"vlmsharp: acme/tiny is neither a folder nor in the cache of the hub ({Cache}): run 'vlmsharp pull "
                + $"acme/tiny'.{Environment.NewLine}",
            error);

        Assert.Equal(0, (await Pull(hub, "-q").EndAsync()).Code);
        Assert.Equal((0, "a cake" + Environment.NewLine), await Short(caption));
        Assert.Equal(
            (0, "a cake" + Environment.NewLine), await Short(["caption", picture, "-q", "--model", $"{FakeHub.Model}@{FakeHub.Commit}"]));
        foreach (string[] command in (string[][])[["inspect"], ["inspect", "--plan"], ["tokenize"], ["batch", picture, "-q"]])
            Assert.Equal(0, (await Short([.. command, "--model", FakeHub.Model])).Code);

        string own = Path.Combine(folder.Path, "acme", "tiny"); // a folder on the disk takes precedence over a name on the hub
        Directory.CreateDirectory(own);
        Assert.Equal(3, (await Short(["inspect", "--model", own])).Code);

        async Task<(int Code, string Output)> Short(string[] arguments)
        {
            (int result, string said, _) = await ProgramRun.RunAsync(folder.Path, arguments);
            return (result, said);
        }
    }

    [Fact]
    public async Task A_server_calls_the_model_by_the_name_that_it_has_on_the_hub()
    {
        await using var hub = new FakeHub(FakeHub.Folder(GoldenFiles.DemoModel));
        Assert.Equal(0, (await Pull(hub, "-q").EndAsync()).Code);
        using ProgramRun serve = ProgramRun.Start(folder.Path, ["serve", "--port", "0", "--model", FakeHub.Model]);
        using var client = new HttpClient { BaseAddress = new Uri((await serve.LineAsync())["listening on ".Length..]) };
        JsonNode models = JsonNode.Parse(await client.GetStringAsync("/v1/models"))!;
        Assert.Equal(FakeHub.Model, Assert.Single(models["data"]!.AsArray())!["id"]!.GetValue<string>());
        await serve.KillAsync();
    }

    [Theory, InlineData("pg1"), InlineData("pg1-f32-sharded")]
    public async Task Golden_models_answer_from_the_cache_as_from_their_folder(string name)
    {
        string picture = GoldenFiles.PathOf("images", "photo_chelsea.png"), model = GoldenFiles.PathOf("models", name);
        await using var hub = new FakeHub(FakeHub.Folder(model));
        Assert.Equal(0, (await Pull(hub, "-q").EndAsync()).Code);
        string[] generate = ["generate", "--image", picture, "--prompt", "caption en", "--max-new-tokens", "4"];
        if (name == "pg1-f32-sharded") generate = ["generate", "--image", picture, "--prompt-ids", "2,108", "--max-new-tokens", "4"];
        (int code, string output, string error) = await ProgramRun.RunAsync(folder.Path, [.. generate, "-q", "--model", FakeHub.Model]);
        Assert.True(code == 0, error);
        Assert.Equal((await ProgramRun.RunAsync(folder.Path, [.. generate, "-q", "--model", model])).Output, output);
    }

    [Fact]
    public async Task A_dry_run_and_json_report_what_there_is()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000));
        JsonNode plan = JsonNode.Parse((await Pull(hub, "--dry-run", "--json").EndAsync()).Output)!;
        Assert.Equal(1_005_000 + hub.Files[0].Content.Length, plan["to_fetch"]!.GetValue<long>());
        Assert.Equal(3, plan["files"]!.AsArray().Count);
        (_, string table, _) = await Pull(hub, "--dry-run").EndAsync();
        Assert.Contains(
            "Left there, because a model in safetensors does without: README.md, pytorch_model.bin, flax/weights.npz.",
            table,
            StringComparison.Ordinal);
        JsonNode done = JsonNode.Parse((await Pull(hub, "--json").EndAsync()).Output)!;
        Assert.Equal(
            (FakeHub.Model, "main", FakeHub.Commit),
            (done["model"]!.GetValue<string>(), done["revision"]!.GetValue<string>(), done["commit"]!.GetValue<string>()));
        Assert.True(Directory.Exists(done["path"]!.GetValue<string>()));
        Assert.Equal(done["path"]!.GetValue<string>() + Environment.NewLine, (await Pull(hub, "--offline").EndAsync()).Output);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_is_said_to_be_so()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var hub = new FakeHub(FakeHub.TinyModel(1000));
        (int code, _, string error) = await Pull(hub, "-q", "--cache", "/dev/null/x").EndAsync();
        Assert.Equal(4, code);
        Assert.StartsWith("vlmsharp: The cache /dev/null/x cannot be written (", error, StringComparison.Ordinal);
        Assert.Contains("put it elsewhere with --cache or HF_HUB_CACHE", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_nowhere_in_what_is_printed()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1000)) { IsGated = true };
        string file = folder.Write("my-token", System.Text.Encoding.ASCII.GetBytes(FakeHub.Token));
        (int code, string output, string error) = await Pull(hub, "--token-file", file).EndAsync();
        Assert.Equal(3, code);
        Assert.DoesNotContain(FakeHub.Token, output + error, StringComparison.Ordinal);
        Assert.Contains(file, error, StringComparison.Ordinal);
        hub.IsAccepted = true;
        (code, output, error) = await Pull(hub, "--token-file", file).EndAsync();
        Assert.Equal(0, code);
        Assert.DoesNotContain(FakeHub.Token, output + error, StringComparison.Ordinal);
        foreach (string path in Directory.EnumerateFiles(Cache, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(FakeHub.Token, File.ReadAllText(path), StringComparison.Ordinal);
        // A server that echoes what it was sent.
        hub.Instead = request => new FakeAnswer(418, ("X-Error-Message", $"you sent {request.Authorization}"), ("Content-Length", "0"));
        (code, output, error) = await Pull(hub, "--token-file", file, "--cache", folder.At("other")).EndAsync();
        Assert.NotEqual(0, code);
        Assert.Contains("you sent Bearer ***", error, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeHub.Token, output + error, StringComparison.Ordinal);
    }
}
