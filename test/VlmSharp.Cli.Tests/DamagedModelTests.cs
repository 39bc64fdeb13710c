using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Cli.Tests;

/// <summary>What a user sees whose model is damaged, or is something else than a PaliGemma's folder.</summary>
public sealed class DamagedModelTests : IDisposable
{
    private static readonly string Cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");
    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Scores_that_are_not_finite_end_a_command_with_3_and_name_the_stage()
    {
        using TemporaryFolder model = DamagedModel.Write("language_model.model.layers.1.mlp.down_proj.weight", float.NaN);
        foreach (string[] how in (string[][])[[], ["--beams", "2"], ["--backend", "reference"], ["--json"]])
        {
            Run.Outcome run = await Run.Vlmsharp("", ["caption", Cake, "--model", model.Path, .. how]);
            Assert.Equal(3, run.Code);
            Assert.Contains("not finite numbers: text.layer.1 is the first stage", run.Error);
            Assert.DoesNotContain("   at ", run.Error);
        }
    }

    [Fact]
    public async Task In_a_batch_they_are_the_error_of_the_items_that_meet_them()
    {
        int word = TokenizerLoader.Load(GoldenFiles.DemoModel).Encode("snowman", ControlTokens.AsText)[0];
        using TemporaryFolder model = DamagedModel.Write("language_model.model.embed_tokens.weight", float.NaN, word);
        string list = scratch.At("work.jsonl");
        string image = JsonSerializer.Serialize(Cake);
        File.WriteAllLines(list,
        [
            $$"""{"image": {{image}}, "prompt": "caption en"}""", $$"""{"image": {{image}}, "prompt": "snowman"}""",
            $$"""{"image": {{image}}, "prompt": "caption en"}""",
        ]);
        Run.Outcome run = await Run.Vlmsharp("", "batch", list, "--task", "generate", "--model", model.Path, "--quiet");
        JsonElement[] records = [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([false, true, false], records.Select(record => record.TryGetProperty("error", out _)));
        Assert.Contains("text.input is the first stage", records[1].GetProperty("error").ToString());
    }

    [Fact]
    public async Task Boxes_are_not_read_from_a_row_of_scores_with_a_NaN()
    {
        int word = TokenizerLoader.Load(GoldenFiles.DemoModel).Encode("snowman", ControlTokens.AsText)[0]; // is no token of a box
        using TemporaryFolder model = DamagedModel.Write("language_model.lm_head.weight", float.NaN, word);
        Run.Outcome run = await Run.Vlmsharp("", "detect", Cake, "cake", "--model", model.Path);
        Assert.Equal((3, ""), (run.Code, run.Output));
        Assert.Contains("not finite numbers", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_and_evaluation_say_that_the_weights_are_damaged()
    {
        using TemporaryFolder model = DamagedModel.Write("language_model.model.layers.1.mlp.down_proj.weight", float.NaN);
        string data = scratch.At("data.jsonl");
        string image = JsonSerializer.Serialize(Cake);
        await File.WriteAllTextAsync(data, $$"""{"image": {{image}}, "prefix": "caption en", "suffix": "a cake"}""");
        Run.Outcome gradients = await Run.Vlmsharp("", "gradients", "--model", model.Path, "--data", data, "--out", scratch.At("x"));
        Assert.Equal((3, ""), (gradients.Code, gradients.Output));
        Assert.Contains("The loss is NaN: weights of the model are not finite", gradients.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(scratch.At("x")));

        Run.Outcome train = await Run.Vlmsharp(
            "", "train", "--model", model.Path, "--data", data, "--out", scratch.At("run"), "--steps", "1", "--lr", "1e-4");
        Assert.Equal(3, train.Code);
        Assert.Contains("The loss of the first step is not a finite number", train.Error, StringComparison.Ordinal);

        Run.Outcome eval = await Run.Vlmsharp("", "eval", "--model", model.Path, data, "--out", scratch.At("eval"), "-q");
        Assert.Equal(65, eval.Code);
        Assert.Contains("the one item failed", eval.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tensors_that_the_model_does_not_have_are_left_aside_where_that_is_asked()
    {
        scratch.CopyFrom(GoldenFiles.DemoModel);
        AddTensor(scratch.At("model.safetensors"));
        Run.Outcome refused = await Run.Vlmsharp("", "caption", Cake, "--model", scratch.Path);
        Assert.Equal(3, refused.Code);
        Assert.Contains("--ignore-extra-tensors", refused.Error);
        Run.Outcome run = await Run.Vlmsharp("", "caption", Cake, "--model", scratch.Path, "--ignore-extra-tensors", "-q");
        Assert.Equal((0, (await Run.Vlmsharp("", "caption", Cake, "-q")).Output), (run.Code, run.Output));
        Assert.Equal(0, (await Run.Vlmsharp("", "inspect", "--model", scratch.Path, "--ignore-extra-tensors")).Code);
    }

    [Fact]
    public async Task They_are_left_aside_by_commands_that_write_train_or_plan_too()
    {
        scratch.CopyFrom(GoldenFiles.PathOf("models", "pg1"));
        AddTensor(scratch.At("model.safetensors"));
        string data = scratch.At("data.jsonl"), model = scratch.Path, adapter = GoldenFiles.PathOf("training", "pg1-lora");
        string image = JsonSerializer.Serialize(Cake);
        await File.WriteAllTextAsync(data, $$"""{"image": {{image}}, "prefix": "caption en", "suffix": "a cake"}""");
        string[][] commands =
        [
            ["quantize", model, scratch.At("int8"), "--format", "int8"],
            ["adapter", "merge", "--model", model, "--adapter", adapter, "--out", scratch.At("merged")],
            ["gradients", "--model", model, "--data", data, "--out", scratch.At("x.safetensors")],
            ["train", "--model", model, "--data", data, "--out", scratch.At("run"), "--steps", "1", "--lr", "1e-4"],
            ["inspect", "--model", model, "--plan"],
        ];
        foreach (string[] command in commands)
        {
            Run.Outcome refused = await Run.Vlmsharp("", command);
            Assert.Equal(3, refused.Code);
            Assert.Contains("--ignore-extra-tensors goes on without them", refused.Error);
            Run.Outcome run = await Run.Vlmsharp("", [.. command, "--ignore-extra-tensors"]);
            Assert.True(run.Code == 0, $"{command[0]}: {run.Error}");
        }

        // What is written does not have them.
        foreach (string written in new[] { "int8", "merged" })
            Assert.Equal(0, (await Run.Vlmsharp("", "inspect", "--model", scratch.At(written))).Code);
    }

    /// <summary>Adds a tensor of four bytes at the end of a file.</summary>
    private static void AddTensor(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToInt64(file), data = file.Length - 8 - length;
        string header = System.Text.Encoding.UTF8.GetString(file, 8, length).TrimEnd();
        header = header[..^1] + $$$""","score.bias":{"dtype":"F32","shape":[1],"data_offsets":[{{{data}}},{{{data + 4}}}]}}""";
        byte[] json = System.Text.Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. file.AsSpan(8 + length), 0, 0, 0, 0]);
    }
}
