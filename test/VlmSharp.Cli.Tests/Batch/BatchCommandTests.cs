using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary><c>vlmsharp batch</c> with the demo model: order, errors, interruption, shards.</summary>
public sealed class BatchCommandTests : IDisposable
{
    private static readonly string Samples = Path.Combine(GoldenFiles.Root, "demo", "samples");
    private readonly string scratch = Directory.CreateTempSubdirectory("vlmsharp-batch-").FullName;

    public void Dispose() => Directory.Delete(scratch, recursive: true);

    private string Out(string name) => Path.Combine(scratch, name);

    // 40 pictures, three of which are broken.
    private string Work()
    {
        string path = Out("work.jsonl");
        string[] samples = [.. Directory.GetFiles(Samples, "*.png").Order(StringComparer.Ordinal)];
        File.WriteAllText(Out("broken.png"), "not a picture");
        File.WriteAllLines(path, Enumerable.Range(0, 40).Select(i => i is 3 or 17 or 39 ? "broken.png" : i % 5 == 0
            ? $"{{\"id\":\"item {i}\",\"image\":\"{samples[i % samples.Length]}\","
                + "\"task\":\"ask\",\"question\":\"how many things are there?\"}"
            : samples[i % samples.Length]));
        return path;
    }

    private async Task<byte[]> Merged(string folder)
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", "merge", folder, "--out", Out("merged"));
        Assert.Equal((0, ""), (run.Code, run.Error));
        return File.ReadAllBytes(Out("merged"));
    }

    [Fact]
    public async Task Records_come_in_order_and_a_broken_picture_is_one_of_them()
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", Work());
        Assert.Equal(0, run.Code);
        Assert.Equal(40, run.Lines.Length);
        for (int i = 0; i < 40; i++)
        {
            using JsonDocument record = JsonDocument.Parse(run.Lines[i]);
            Assert.Equal(i, record.RootElement.GetProperty("index").GetInt32());
            Assert.Equal(i is 3 or 17 or 39, record.RootElement.TryGetProperty("error", out _));
            if (i % 5 == 0) Assert.Equal($"item {i}", record.RootElement.GetProperty("id").GetString());
        }

        Assert.Contains("40 of 40, 3 errors", run.Error, StringComparison.Ordinal);
        Run.Outcome alone = await Run.Vlmsharp("", "caption", "--json", "-q", Path.Combine(Samples, "cake.png"));
        using JsonDocument expected = JsonDocument.Parse(alone.Output),
            actual = JsonDocument.Parse(run.Lines.First(
                l => l.Contains("cake.png", StringComparison.Ordinal) && l.Contains("\"caption\"", StringComparison.Ordinal)));
        Assert.Equal(expected.RootElement.GetProperty("text").GetString(), actual.RootElement.GetProperty("text").GetString());
        Assert.Equal(expected.RootElement.GetProperty("logprobs").ToString(), actual.RootElement.GetProperty("logprobs").ToString());
    }

    [Fact]
    public async Task Shards_batch_sizes_and_interruptions_change_no_byte()
    {
        string work = Work();
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", work, "-q", "--out", Out("whole"))).Code);
        byte[] expected = await Merged(Out("whole"));

        foreach (string shard in new[] { "0", "1", "2" })
            Assert.Equal(
                0,
                (await Run.Vlmsharp(
                    "", "batch", work, "-q", "--out", Out("parts"), "--shards", "3", "--shard", shard, "--batch-size", "5")).Code);
        Assert.Equal(expected, await Merged(Out("parts")));

    }

    [Fact]
    public async Task A_killed_run_resumes_after_its_last_complete_record()
    {
        if (OperatingSystem.IsWindows()) return; // a FIFO holds the run, and Windows has none
        string[] samples = [.. Directory.GetFiles(Samples, "*.png").Order(StringComparer.Ordinal)];
        string[] pictures = [.. Enumerable.Range(0, 40).Select(i => Out($"{i}.png"))];
        for (int i = 0; i < pictures.Length; i++) File.Copy(samples[i % samples.Length], pictures[i]);
        File.WriteAllLines(Out("work"), pictures);
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", Out("work"), "-q", "--out", Out("whole"))).Code);
        byte[] expected = await Merged(Out("whole"));

        foreach (int hold in new[] { 8, 20, 39 })
            KilledRun.At(pictures[hold], Out("killed"), "batch", Out("work"), "-q", "--out", Out("killed"), "--batch-size", "2");
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", Out("work"), "-q", "--out", Out("killed"))).Code);
        Assert.Equal(expected, await Merged(Out("killed")));
    }

    [Fact]
    public async Task Every_task_is_answered_like_its_own_command()
    {
        string picture = Path.Combine(Samples, "car-key.png");
        string lines = $$"""
            {"image": "{{picture}}", "task": "detect", "things": "key"}
            {"image": "{{picture}}", "question": "what is below the car?"}
            {"image": "{{picture}}", "prompt": "caption en"}
            {"image": "{{picture}}", "task": "segment"}
            {"image": "{{picture}}", "task": "dream"}
            {"image": "{{picture}}", "task": "ask"}
            """;
        Run.Outcome run = await Run.Vlmsharp(lines, "batch", "-", "-q", "--task", "detect", "--no-masks");
        Assert.Equal((0, 6), (run.Code, run.Lines.Length));
        JsonElement[] records = [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        using JsonDocument alone = JsonDocument.Parse((await Run.Vlmsharp("", "detect", picture, "key", "--json", "-q")).Output);
        Assert.Equal(alone.RootElement.GetProperty("detections").ToString(), records[0].GetProperty("detections").ToString());
        Assert.NotEqual(0, records[0].GetProperty("detections").GetArrayLength());
        Assert.Equal("a key", records[1].GetProperty("text").GetString());
        Assert.Equal("generate", records[2].GetProperty("task").GetString());
        Assert.Contains("needs \"things\"", records[3].GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("\"dream\" is unknown", records[4].GetProperty("error").GetProperty("message").GetString(),
            StringComparison.Ordinal);
        Assert.Contains("needs \"question\"", records[5].GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_has_the_id_of_its_line_as_it_was_written()
    {
        string picture = Path.Combine(Samples, "cake.png");
        string lines = $$"""
            {"id": 12345678901234567890123, "image": "{{picture}}"}
            {"id": "7", "image": "{{picture}}"}
            {"id": 7, "image": "{{Out("missing.png")}}"}
            """;
        Run.Outcome run = await Run.Vlmsharp(lines, "batch", "-", "-q");
        string[] starts =
        [
            "{\"index\":0,\"id\":12345678901234567890123,\"task\"", "{\"index\":1,\"id\":\"7\",\"task\"", "{\"index\":2,\"id\":7,\"error\""
        ];
        foreach ((string start, string line) in starts.Zip(run.Lines)) Assert.StartsWith(start, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_gives_the_same_text_at_any_place_in_the_list()
    {
        string[] samples = [.. Directory.GetFiles(Samples, "*.png").Order(StringComparer.Ordinal)],
            sampling = ["--temperature", "2", "--seed", "7", "-q"];
        async Task<string[]> Texts(IEnumerable<string> lines)
        {
            Run.Outcome run = await Run.Vlmsharp(string.Join('\n', lines), ["batch", "-", .. sampling]);
            Assert.Equal(0, run.Code);
            return [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("token_ids").ToString())];
        }

        string[] texts = await Texts(samples), reversed = await Texts(samples.Reverse());
        Assert.Equal(texts, reversed.Reverse());
        Run.Outcome alone = await Run.Vlmsharp("", ["caption", samples[^1], "--json", .. sampling]);
        Assert.Equal(texts[^1], JsonDocument.Parse(alone.Output).RootElement.GetProperty("token_ids").ToString());
        string[] seeds = await Texts(Enumerable.Range(7, 4).Select(seed => $"{{\"image\": \"{samples[0]}\", \"seed\": {seed}}}"));
        Assert.Equal(texts[0], seeds[0]);
        Assert.NotEqual(1, seeds.Distinct().Count());
    }

    [Fact]
    public async Task A_line_that_segments_needs_the_mask_decoder_too()
    {
        string line = $"{{\"image\": \"{Path.Combine(Samples, "cake.png")}\", \"task\": \"segment\", \"things\": \"cake\"}}",
            decoder = Out("decoder.npz");
        Run.Outcome run = await Run.Vlmsharp(line, "batch", "-", "-q");
        Assert.Contains("--mask-decoder",
            JsonDocument.Parse(run.Output).RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, (await Run.Vlmsharp(line, "batch", "-", "--mask-decoder", decoder)).Code);

        MaskGoldens.WriteNpz(decoder);
        run = await Run.Vlmsharp(line, "batch", "-", "-q", "--mask-decoder", decoder);
        Assert.True(JsonDocument.Parse(run.Output).RootElement.GetProperty("detections")[0].TryGetProperty("mask", out _));
        run = await Run.Vlmsharp(line, "batch", "-", "-q", "--no-masks");
        Assert.False(JsonDocument.Parse(run.Output).RootElement.GetProperty("detections")[0].TryGetProperty("mask", out _));
    }

    /// <summary>A decoder is identified by its weights: its place and format may change.</summary>
    [Fact]
    public async Task A_folder_holds_the_masks_of_one_decoder()
    {
        string decoder = Out("decoder.npz"), same = Out("same.safetensors"), different = Out("different.safetensors");
        MaskGoldens.WriteNpz(decoder);
        MaskGoldens.WriteSafetensors(same);
        MaskGoldens.WriteSafetensors(different, factor: 2);
        string[] command =
        [
            "batch", Path.Combine(Samples, "cake.png"), "--task", "segment", "--things", "cake", "-q", "--out", Out("out"), "--mask-decoder"
        ];
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, decoder])).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, same])).Code);
        Run.Outcome other = await Run.Vlmsharp("", [.. command, different]);
        Assert.Equal(2, other.Code);
        Assert.Contains("there mask decoder is", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_cannot_start_leaves_its_folder_free()
    {
        string[] command = ["batch", Path.Combine(Samples, "cake.png"), "--task", "segment", "--things", "cake", "-q", "--out", Out("out")];
        Assert.Equal(3, (await Run.Vlmsharp("", command)).Code);
        Assert.Equal(2, (await Run.Vlmsharp("", [.. command, "--no-masks", "--loc-divisor", "5"])).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, "--no-masks"])).Code);
    }

    [Fact]
    public async Task A_folder_holds_one_run()
    {
        string picture = Path.Combine(Samples, "cake.png"), folder = Out("out");
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", picture, "-q", "--out", folder)).Code);
        Run.Outcome again = await Run.Vlmsharp("", "batch", picture, "--out", folder);
        Assert.Equal(0, again.Code);
        Assert.Contains("done already", again.Error, StringComparison.Ordinal);

        Run.Outcome other = await Run.Vlmsharp("", "batch", picture, "--out", folder, "--lang", "de");
        Assert.Equal(2, other.Code);
        Assert.Contains("there lang is en, here de", other.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", picture, "-q", "--out", folder, "--lang", "de", "--force")).Code);
        Assert.Contains("caption de", File.ReadAllText(Path.Combine(folder, "shard-00000-of-00001.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_and_merge_know_what_is_missing()
    {
        string picture = Path.Combine(Samples, "cake.png"), folder = Out("out");
        Assert.Equal(
            0,
            (await Run.Vlmsharp(
                $"{picture}\n{picture}\n{picture}\n", "batch", "-", "-q", "--out", folder, "--shards", "2", "--shard", "1")).Code);
        Run.Outcome status = await Run.Vlmsharp("", "batch", "status", folder, "--json");
        using JsonDocument json = JsonDocument.Parse(status.Output);
        Assert.Equal(
            ["missing 0 of 2", "done 1 of 1"],
            json.RootElement.GetProperty("shards")
                .EnumerateArray()
                .Select(s => $"{s.GetProperty("state")} {s.GetProperty("records")} of {s.GetProperty("of")}"));
        Run.Outcome merge = await Run.Vlmsharp("", "batch", "merge", folder);
        Assert.Equal(2, merge.Code);
        Assert.Contains("Shard 0 of 2 is not done", merge.Error, StringComparison.Ordinal);

        Assert.Equal(
            0,
            (await Run.Vlmsharp(
                $"{picture}\n{picture}\n{picture}\n", "batch", "-", "-q", "--out", folder, "--shards", "2", "--shard", "0")).Code);
        Assert.Equal(3, (await Run.Vlmsharp("", "batch", "merge", folder)).Lines.Length);
        File.AppendAllText(Path.Combine(folder, "shard-00001-of-00002.jsonl"), "x");
        Assert.Contains("was changed", (await Run.Vlmsharp("", "batch", "merge", folder)).Error, StringComparison.Ordinal);
        Assert.Contains("holds no batch", (await Run.Vlmsharp("", "batch", "status", scratch)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_record_that_is_an_error_says_what_kind()
    {
        File.WriteAllText(Out("broken.png"), "not a picture");
        string lines = $$"""
            {"image": ""}
            {"image": "{{Out("broken.png")}}"}
            {"image": "{{Path.Combine(Samples, "cake.png")}}", "task": "dream"}
            {"images": ["{{Path.Combine(Samples, "cake.png")}}", " "]}
            """;
        Run.Outcome run = await Run.Vlmsharp(lines, "batch", "-", "-q");
        Assert.Equal(65, run.Code); // all failed
        (string, string)[] expected =
        [
            ("invalid_line", "the name of a picture is empty"), ("invalid_image", "broken.png is not a picture"),
            ("invalid_request", "\"dream\" is unknown"), ("invalid_line", "the name of a picture is empty"),
        ];
        Assert.Equal(4, run.Lines.Length);
        foreach (((string type, string message), string line) in expected.Zip(run.Lines))
        {
            JsonElement error = JsonDocument.Parse(line).RootElement.GetProperty("error");
            Assert.Equal(type, error.GetProperty("type").GetString());
            Assert.Contains(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

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
        Assert.Contains("\"error\"", records, StringComparison.Ordinal);

        Run.Outcome again = await Batch(["retry", .. command, "1"]);
        Assert.Contains("1 of 1, 1 error", again.Error, StringComparison.Ordinal);
        Assert.Equal(65, again.Code); // all that was tried
        Assert.Equal(records, await File.ReadAllTextAsync(Out("out/shard-00001-of-00002.jsonl")));

        File.Copy(sun, broken, overwrite: true);
        again = await Batch(["retry", .. command, "1"]);
        Assert.Equal(0, again.Code);
        Assert.Contains("1 of 1, 0 errors", again.Error, StringComparison.Ordinal);
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
    public async Task What_a_folder_has_besides_is_counted()
    {
        Directory.CreateDirectory(Out("in/__MACOSX"));
        File.Copy(Path.Combine(Samples, "cake.png"), Out("in/a.png"));
        string[] others = ["b.heic", "c.HEIC", "d.tif", "._a.png", "__MACOSX/a.png", "notes.txt"];
        foreach (string name in others) File.WriteAllText(Out($"in/{name}"), "");
        Run.Outcome run = await Run.Vlmsharp("", "batch", Out("in"), "--out", Out("out"));
        Assert.Equal(0, run.Code);
        Assert.EndsWith("; not tried: 2 HEIC, 1 TIFF, 2 macOS metadata, 1 other\n", run.Error, StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(Out("out/shard-00000-of-00001.jsonl")));
        using JsonDocument status = JsonDocument.Parse((await Run.Vlmsharp("", "batch", "status", Out("out"), "--json")).Output);
        Assert.Equal("""{"HEIC":2,"TIFF":1,"macOS metadata":2,"other":1}""", status.RootElement.GetProperty("skipped").GetRawText());
        Assert.EndsWith("2 HEIC, 1 TIFF, 2 macOS metadata, 1 other\n", (await Run.Vlmsharp("", "batch", "status", Out("out"))).Output,
            StringComparison.Ordinal);
        File.Delete(Out("in/notes.txt")); // does not make it another run
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", Out("in"), "--out", Out("out"))).Code);
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
    public async Task A_picture_is_taken_where_a_list_may_be_too()
    {
        byte[] cake = await File.ReadAllBytesAsync(Path.Combine(Samples, "cake.png"));
        await File.WriteAllBytesAsync(Out("cake.unknown"), cake);
        Run.Outcome run = await Run.Vlmsharp("", "batch", Out("cake.unknown"), "-q");
        Assert.Equal("a cake", JsonDocument.Parse(Assert.Single(run.Lines)).RootElement.GetProperty("text").GetString());
        run = await Run.Vlmsharp(cake, "batch", "-", "-q");
        JsonElement record = JsonDocument.Parse(Assert.Single(run.Lines)).RootElement;
        Assert.Equal(("-", "a cake"), (record.GetProperty("id").GetString(), record.GetProperty("text").GetString()));
        run = await Run.Vlmsharp([0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0], "batch", "-", "-q");
        Assert.Equal(65, run.Code);
        Assert.Contains("Standard input is in the HEIC format", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipes_are_inputs_too()
    {
        if (OperatingSystem.IsWindows()) return;
        string cake = Path.Combine(Samples, "cake.png");
        (int code, string output, string error) = await Tool.RunAsync(
            "/bin/bash", ["-c", $"dotnet '{Tool.Vlmsharp}' batch -q <(echo '{cake}'; echo '{cake}') <(cat '{cake}') | grep -c 'a cake'; "
                + "exit ${PIPESTATUS[0]}"]);
        Assert.Equal((0, "3\n", ""), (code, output, error));
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
}
