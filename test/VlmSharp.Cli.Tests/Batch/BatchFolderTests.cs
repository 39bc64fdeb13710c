using System.Text;
using System.Text.Json;
using VlmSharp.Cli.Batch;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>What <c>vlmsharp batch</c> leaves in its folder: shards, interruptions, settings, status and merge.</summary>
public sealed class BatchFolderTests : BatchTests
{
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

    /// <summary>By default the bits depend on the processor, and the answers of a quantized model on the bits.</summary>
    [Fact]
    public async Task A_folder_holds_answers_of_activations_of_one_width()
    {
        string[] command = ["batch", Path.Combine(Samples, "cake.png"), "-q", "--activation-bits"];
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, "16", "--out", Out("int8"), "--quantize", "int8"])).Code);
        Run.Outcome other = await Run.Vlmsharp("", [.. command, "8", "--out", Out("int8"), "--quantize", "int8"]);
        Assert.Equal(2, other.Code);
        Assert.Contains("there activation bits is 16", other.Error, StringComparison.Ordinal);
        foreach (string bits in new[] { "8", "16" }) // floats are multiplied as they are
            Assert.Equal(0, (await Run.Vlmsharp("", [.. command, bits, "--out", Out("bf16")])).Code);
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
        Assert.Contains("holds no batch", (await Run.Vlmsharp("", "batch", "status", Scratch)).Error, StringComparison.Ordinal);
    }

    /// <summary>A run may have more shards than a process may have open files.</summary>
    [Fact]
    public async Task Merging_opens_one_shard_at_a_time()
    {
        string work = Work();
        foreach (string shard in new[] { "0", "1", "2", "3" })
            Assert.Equal(0, (await Run.Vlmsharp("", "batch", work, "-q", "--out", Out("out"), "--shards", "4", "--shard", shard)).Code);
        int records = 0;
        foreach (byte[] record in new RunFolder(Out("out")).Records())
        {
            Assert.Equal(records++, ShardFile.IndexOf(record));
            if (!OperatingSystem.IsLinux()) continue;
            Assert.DoesNotContain(OpenFiles(), file => file.StartsWith(Out("out"), StringComparison.Ordinal));
        }

        Assert.Equal(40, records);

        static IEnumerable<string> OpenFiles() =>
            Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "");
    }

    [Fact]
    public void Records_of_many_blocks_are_read_in_order()
    {
        string path = Out("shard");
        string[] lines = [.. Enumerable.Range(0, 500).Select(i => $"{i} {new string('x', i is 7 or 300 ? 200_000 : i * 7 % 900)}")];
        File.WriteAllText(path, string.Join('\n', lines) + "\nincomplete");
        var reader = new ShardReader(path);
        foreach (string line in lines) Assert.Equal(line, Encoding.UTF8.GetString(reader.Next()!));
        Assert.Null(reader.Next());
    }
}
