using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp adapter</c>, and <c>--adapter</c> of the commands that run a model.</summary>
public sealed class AdapterCommandTests : IDisposable
{
    private static readonly string Model = GoldenFiles.PathOf("models", "pg1"),
        Lora = GoldenFiles.PathOf("training", "pg1-lora"),
        RsLora = GoldenFiles.PathOf("training", "pg1-rslora");
    private static readonly string Picture = GoldenFiles.PathOf("images", "photo_chelsea.png");

    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private static async Task<int[]> Tokens(params string[] options)
    {
        Run.Outcome run = await Run.Vlmsharp(
            "", ["generate", "--image", Picture, "--prompt", "caption en", "--max-new-tokens", "8", "--json", .. options]);
        Assert.Equal(
            (0, ""), (run.Code, string.Concat(run.Error.Split('\n').Where(line => line.Contains("vlmsharp:", StringComparison.Ordinal)))));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        return GoldenCase.Ints(json.RootElement.GetProperty("token_ids"));
    }

    [Fact]
    public async Task An_adapter_is_shown_as_a_table_and_as_json()
    {
        Run.Outcome run = await Run.Vlmsharp("", "adapter", "inspect", RsLora, "--model", Model);
        Assert.Equal((0, ""), (run.Code, run.Error));
        foreach (string part in new[]
        {
            "rank-stabilized", "rank 3, alpha 6", "3,936 in 9 layers, F32", $"fits {Model}", "language_model.model.layers.*.mlp.gate_proj",
            "3.5355"
        })
        {
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        }

        run = await Run.Vlmsharp("", "adapter", "inspect", Lora, "--json");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement o = json.RootElement;
        Assert.Equal(
            (4, 8, 8448, 15),
            (
                o.GetProperty("rank").GetInt32(),
                o.GetProperty("alpha").GetInt32(),
                o.GetProperty("parameters").GetInt32(),
                o.GetProperty("module_count").GetInt32()));
        Assert.False(o.TryGetProperty("fits", out _)); // no model was given for comparison
        JsonElement first = o.GetProperty("modules")[0];
        Assert.Equal(
            ("language_model.model.layers.0.mlp.down_proj", 160, 64, 4, 2.0),
            (
                first.GetProperty("name").GetString(),
                first.GetProperty("in").GetInt32(),
                first.GetProperty("out").GetInt32(),
                first.GetProperty("rank").GetInt32(),
                first.GetProperty("scale").GetDouble()));
    }

    [Fact]
    public async Task An_adapter_of_another_model_is_shown_with_what_does_not_fit()
    {
        Run.Outcome run = await Run.Vlmsharp("", "adapter", "inspect", Lora, "--model", GoldenFiles.PathOf("models", "pg2"), "--json");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(3, run.Code);
        Assert.False(json.RootElement.GetProperty("fits").GetBoolean());
        Assert.Equal(2, json.RootElement.GetProperty("unmatched").GetArrayLength());
        Assert.Contains("does not fit the model", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_merged_model_answers_like_the_model_with_the_adapter()
    {
        string merged = scratch.At("merged"), source = GoldenFiles.PathOf("models", "pg1-f32-sharded");
        Run.Outcome run = await Run.Vlmsharp("", "adapter", "merge", "--model", source, "--adapter", Lora, "--out", merged);
        Assert.Equal((0, "", $"{merged}: 15 layers of {source} changed\n"), (run.Code, run.Output, run.Error));
        int[] adapted = await Tokens("--model", source, "--adapter", Lora);
        Assert.Equal(adapted, await Tokens("--model", merged));
        Assert.NotEqual(adapted, await Tokens("--model", source));
        // the folder is not empty now
        Assert.Equal(4, (await Run.Vlmsharp("", "adapter", "merge", "--model", source, "--adapter", Lora, "--out", merged)).Code);
    }

    [Fact]
    public async Task Lines_of_a_batch_name_their_adapters()
    {
        string work = scratch.At("work.jsonl");
        string[] names = ["""{"adapter": "a"}""", """{"adapter": "pg1-rslora"}""", """{"adapter": "base"}""", "{}", """{"adapter": "x"}"""];
        string image = JsonSerializer.Serialize(Picture);
        await File.WriteAllLinesAsync(work, names.Select(n =>
            $$"""{"image": {{image}}, "prompt": "caption en"{{(n == "{}" ? "" : ", " + n[1..^1])}}}"""));
        Run.Outcome run = await Run.Vlmsharp(
            "", "batch", work, "--model", Model, "--adapter", $"a={Lora}", "--adapter", RsLora, "--max-new-tokens", "8", "-q");
        Assert.Equal(0, run.Code);
        using JsonDocument records = JsonDocument.Parse($"[{string.Join(',', run.Lines)}]");
        int[] Of(int i) => GoldenCase.Ints(records.RootElement[i].GetProperty("token_ids"));
        int[] a = await Tokens("--model", Model, "--adapter", Lora);
        Assert.Equal(a, Of(0));
        Assert.Equal(await Tokens("--model", Model, "--adapter", RsLora), Of(1));
        Assert.Equal(await Tokens("--model", Model), Of(2));
        Assert.Equal(a, Of(3)); // the first one
        Assert.Contains("loaded are a, pg1-rslora", records.RootElement[4].GetProperty("error").GetProperty("message").GetString(),
            StringComparison.Ordinal);
        Assert.Equal(3, new[] { Of(0), Of(1), Of(2) }.Select(t => string.Join(' ', t)).Distinct().Count());
    }

    [Fact]
    public async Task A_run_s_folder_belongs_to_its_adapters()
    {
        string[] command = ["batch", Picture, "--model", Model, "--max-new-tokens", "2", "-q", "--out", scratch.At("out")];
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, "--adapter", $"a={Lora}"])).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", [.. command, "--adapter", $"a={Lora}"])).Code);
        Run.Outcome other = await Run.Vlmsharp("", [.. command, "--adapter", $"a={RsLora}"]);
        Assert.Equal(2, other.Code);
        Assert.Contains("there adapters is a=", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base", 2, "is the model without an adapter")]
    [InlineData("", 2, "NAME=DIR")]
    [InlineData("a", 2, "two adapters are called a")]
    public async Task Bad_names_are_refused(string name, int code, string says)
    {
        Run.Outcome run =
            await Run.Vlmsharp("", "caption", Picture, "--model", Model, "--adapter", $"a={Lora}", "--adapter", $"{name}={RsLora}");
        Assert.Equal(code, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_not_an_adapter_is_an_unusable_model()
    {
        Run.Outcome run = await Run.Vlmsharp("", "caption", Picture, "--model", Model, "--adapter", Model);
        Assert.Equal(3, run.Code);
        Assert.Contains("it holds a model", run.Error, StringComparison.Ordinal);
    }
}
