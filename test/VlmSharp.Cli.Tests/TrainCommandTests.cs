using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>
/// Compares <c>vlmsharp gradients</c> and <c>train</c> with the figures of the reference implementation, and checks their errors.
/// </summary>
public sealed class TrainCommandTests : IDisposable
{
    private const double Relative = 1e-3;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string?, string?, string> GradientCases => new()
    {
        { "pg1", null, null, "gradients" }, { "pg2", null, null, "gradients" }, { "pg1", "pg1-lora", null, "lora-expected" },
        { "pg2", "pg2-lora-new-names", null, "lora-expected" }, { "pg1", "pg1-rslora", null, "rslora-expected" },
        { "pg1", "pg1-lora", "nf4", "qlora-expected" }, { "pg2", "pg2-lora", "nf4", "qlora-expected" },
    };

    [Theory, MemberData(nameof(GradientCases))]
    public async Task Gradients_equal_the_reference(string kind, string? adapter, string? quantize, string golden)
    {
        JsonElement figures = Figures(kind);
        string output = folder.At("g.safetensors");
        Run.Outcome run = await Run.Vlmsharp("",
        [
            "gradients", "--model", GoldenFiles.PathOf("models", kind), "--data", Data(figures, [0, 1]), "--out", output,
            .. adapter is null ? (string[])[] : ["--adapter", GoldenFiles.PathOf("training", adapter)],
            .. quantize is null ? (string[])[] : ["--quantize", quantize],
        ]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-{golden}.safetensors"));
        using var actual = new GoldenTensors(output);
        string[] names = [.. expected.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal))];
        Assert.Equal(names.Length + 1, actual.Names.Count());
        foreach (string name in names)
        {
            // PEFT in memory calls its adapter "default"; its files do not.
            string own = name.Replace(".default.", ".", StringComparison.Ordinal);
            if (!actual.Has(own))
            {
                own = own.Replace("base_model.model.", "base_model.model.model.", StringComparison.Ordinal)
                    .Replace("language_model.model.", "language_model.", StringComparison.Ordinal);
            }
            Assert.Equal(expected.Shape(name), actual.Shape(own));
            double largest = 0;
            foreach (float value in expected.Floats(name)) largest = Math.Max(largest, Math.Abs(value));
            TensorAssert.Close(expected.Floats(name), actual.Floats(own), 1e-4 * largest + 1e-7, name);
        }

        string part = golden == "gradients" ? "gradients" : golden.Split('-')[0];
        Close.AssertRelative("loss", figures.GetProperty(part).GetProperty("loss").GetDouble(), actual.Floats("loss")[0], 1e-5);
    }

    [Fact]
    public async Task A_full_training_takes_the_steps_of_the_reference()
    {
        JsonElement figures = Figures("pg1");
        string output = folder.At("run");
        string[] command =
        [
            "train", "--model", GoldenFiles.PathOf("models", "pg1"), "--data", Data(figures, [0, 1, 2, 3]), "--out", output, "--steps",
            "20", "--batch-size", "2",
            "--lr", "3e-4", "--weight-decay", "0.1", "--clip", "1", "--schedule", "cosine", "--warmup-steps", "4", "--no-shuffle", "--full",
        ];
        Run.Outcome run = await Run.Vlmsharp("", command);
        Assert.Equal((0, output + "\n"), (run.Code, run.Output));
        JsonElement[] lines = Metrics(output);
        JsonElement[] history = [.. figures.GetProperty("adamw").GetProperty("history").EnumerateArray()];
        Assert.Equal(history.Length, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(i, lines[i].GetProperty("step").GetInt32());
            foreach (string name in new[] { "loss", "grad_norm" })
                Close.AssertRelative(
                    $"{name} {i}", history[i].GetProperty(name).GetDouble(), lines[i].GetProperty(name).GetDouble(), Relative);
            Assert.Equal(history[i].GetProperty("lr").GetDouble(), lines[i].GetProperty("lr").GetDouble(), 1e-9);
        }

        // The result is a model that answers, in a folder that is not overwritten.
        Run.Outcome answer =
            await Run.Vlmsharp("", "caption", "--model", output, GoldenFiles.PathOf("images", "photo_coffee.png"), "--max-new-tokens", "2");
        Assert.Equal(0, answer.Code);
        Run.Outcome again = await Run.Vlmsharp("", command);
        Assert.Equal(5, again.Code);
        Assert.Contains("--resume", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_resumes_bit_for_bit_and_answers_as_in_training()
    {
        string data = Data(Figures("pg1"), [0, 1, 2, 3]), straight = folder.At("straight"), resumed = folder.At("resumed");
        string[] Command(string output, params string[] more) =>
        [
            "train", "--model", GoldenFiles.PathOf("models", "pg1"), "--data", data, "--out", output, "--steps", "12", "--batch-size", "3",
            "--lr", "1e-2",
            "--lora-rank", "4", "--lora-dropout", "0.1", "--eval-data", data, "--eval-every", "6", "--save-every", "6", .. more,
        ];
        Assert.Equal(0, (await Run.Vlmsharp("", Command(straight))).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", Command(resumed))).Code);
        // As if the run had been killed after step 6: everything later is removed.
        Directory.Delete(Path.Combine(resumed, "checkpoint-000012"), recursive: true);
        File.Delete(Path.Combine(resumed, "adapter_model.safetensors"));
        Run.Outcome run = await Run.Vlmsharp("", Command(resumed, "--resume"));
        Assert.Equal(0, run.Code);
        foreach (string file in new[] { "adapter_model.safetensors", "adapter_config.json", "checkpoint-000012/optimizer.safetensors" })
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Combine(straight, file)), await File.ReadAllBytesAsync(Path.Combine(resumed, file)));
        Assert.Equal(Metrics(straight).Select(Untimed), Metrics(resumed).Select(Untimed));

        JsonElement sample = File.ReadLines(Path.Combine(straight, "metrics.jsonl")).Select(l => JsonDocument.Parse(l).RootElement)
            .Last(l =>
                l.TryGetProperty("kind", out JsonElement kind)
                    && kind.GetString() == "sample" && l.GetProperty("prompt").GetString() == "caption en");
        Run.Outcome answer =
            await Run.Vlmsharp("", "generate", "--model", GoldenFiles.PathOf("models", "pg1"), "--adapter", straight, "--image",
            GoldenFiles.PathOf("images", "photo_chelsea.png"), "--prompt", "caption en", "--max-new-tokens", "64");
        Assert.Equal(0, answer.Code);
        Assert.Equal(sample.GetProperty("answer").GetString(), answer.Output.TrimEnd('\n'));
    }

    [Fact]
    public async Task Another_adapter_does_not_resume_a_run_and_names_are_unchanged()
    {
        string data = Data(Figures("pg1"), [0, 1]), output = folder.At("out");
        string[] Command(params string[] more) =>
            ["train", "--model", GoldenFiles.PathOf("models", "pg1"), "--data", data, "--out", output, "--lr", "1e-3", .. more];
        Assert.Equal(0, (await Run.Vlmsharp("", Command("--steps", "2"))).Code);
        foreach (string[] other in new string[][] { ["--lora-alpha", "64"], ["--rslora"], ["--lora-dropout", "0.5"] })
        {
            Run.Outcome refused = await Run.Vlmsharp("", Command(["--steps", "2", "--resume", .. other]));
            Assert.Equal(5, refused.Code);
            Assert.Contains("adapter", refused.Error, StringComparison.Ordinal);
        }

        // With a constant rate nothing depends on the number of steps.
        Assert.Equal(0, (await Run.Vlmsharp("", Command("--steps", "3", "--resume"))).Code);
        Assert.Equal(3, Metrics(output).Length);

        string named = folder.At("named");
        Run.Outcome run = await Run.Vlmsharp("", "train", "--model", GoldenFiles.PathOf(
            "models", "pg1"), "--data", data, "--out", named, "--lr", "1e-3", "--steps", "1",
            "--adapter", GoldenFiles.PathOf("training", "pg1-lora-new-names"));
        Assert.Equal(0, run.Code);
        using var before = new GoldenTensors(GoldenFiles.PathOf("training", "pg1-lora-new-names", "adapter_model.safetensors"));
        using var after = new GoldenTensors(Path.Combine(named, "adapter_model.safetensors"));
        Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Unusable_examples_end_a_run_or_are_left_out()
    {
        string data = Data(Figures("pg1"), [0]), damaged = folder.At("damaged.png");
        await File.WriteAllTextAsync(damaged, "no picture");
        await File.AppendAllTextAsync(
            data,
            JsonSerializer.Serialize(new Dictionary<string, string> { ["image"] = damaged, ["prefix"] = "", ["suffix"] = "x" }) + "\n");
        string[] Command(string output, params string[] more) =>
            [
                "train", "--model", GoldenFiles.PathOf("models", "pg1"), "--data", data, "--out", output, "--lr", "1e-3", "--steps", "4",
                "--no-shuffle", .. more
            ];
        Run.Outcome ended = await Run.Vlmsharp("", Command(folder.At("ended")));
        Assert.Equal(65, ended.Code);
        Assert.True(Directory.Exists(folder.At("ended/checkpoint-000001")), "The step before is not lost.");
        Run.Outcome skipped = await Run.Vlmsharp("", Command(folder.At("skipped"), "--skip-bad"));
        Assert.Equal(0, skipped.Code);
        Assert.Contains("2 examples could not be used", skipped.Error, StringComparison.Ordinal);
        Assert.Equal(
            [JsonValueKind.Number, JsonValueKind.Null, JsonValueKind.Number, JsonValueKind.Null],
            Metrics(folder.At("skipped")).Select(m => m.GetProperty("loss").ValueKind));
        File.Delete(damaged);
        Run.Outcome missing = await Run.Vlmsharp("", Command(folder.At("missing")));
        Assert.Equal(65, missing.Code);
        Assert.Contains("does not exist", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_overrides_settings_from_a_file()
    {
        string data = Data(Figures("pg1"), [0, 1]), config = folder.At("run.json"), output = folder.At("out");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["model"] = GoldenFiles.PathOf("models", "pg1"),
            ["data"] = data,
            ["out"] = output,
            ["steps"] = 5,
            ["lr"] = 1e-3,
            ["lora-rank"] = 2,
            ["no-shuffle"] = true,
        }));
        Run.Outcome run = await Run.Vlmsharp("", "train", "--config", config, "--steps", "2");
        Assert.Equal(0, run.Code);
        Assert.Equal(2, Metrics(output).Length);
        await File.WriteAllTextAsync(config, """{"learning_rate": 1}""");
        Run.Outcome wrong = await Run.Vlmsharp("", "train", "--config", config);
        Assert.Equal(
            (2, $"vlmsharp: {config} has 'learning_rate', and 'train' has no option --learning-rate. Here it is --lr.\n"),
            (wrong.Code, wrong.Error));
    }

    [Theory]
    [InlineData("Give either --steps or --epochs", "--data", "x", "--out", "y", "--lr", "1")]
    [InlineData("--lr is missing", "--data", "x", "--out", "y", "--steps", "1")]
    [InlineData("--data is missing", "--out", "y", "--steps", "1", "--lr", "1")]
    [InlineData("--full trains the model itself", "--data", "x", "--out", "y", "--steps", "1", "--lr", "1", "--full", "--adapter", "a")]
    [InlineData("--quantize is for adapters", "--data", "x", "--out", "y", "--steps", "1", "--lr", "1", "--full", "--quantize", "nf4")]
    [InlineData("--lora-rank is for a new adapter", "--data", "x", "--out", "y", "--steps", "1", "--lr", "1", "--full", "--lora-rank", "4")]
    [InlineData("--freeze is for --full", "--data", "x", "--out", "y", "--steps", "1", "--lr", "1", "--freeze", "vision")]
    [InlineData("--batch-size 0: give 1 or more", "--data", "x", "--out", "y", "--steps", "1", "--lr", "1", "--batch-size", "0")]
    [InlineData("with a point for the decimals: 0.0002", "--data", "x", "--out", "y", "--steps", "1", "--lr", "0,0002")]
    [InlineData("Here it is --quantize nf4.", "--use_qlora")]
    [InlineData("Here it is --lr.", "--learning_rate", "1e-4")]
    [InlineData("Here it is --eval-data.", "--val_data_path=x")]
    [InlineData("Did you mean --steps?", "--stpes", "5")]
    [InlineData("Did you mean --batch-size?", "--batch_size", "5")]
    [InlineData("Did you mean --warmup-steps?", "--warmup", "5")]
    public async Task Mistakes_are_reported(string message, params string[] arguments)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["train", .. arguments]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_is_in_groups_with_required_options_first()
    {
        Run.Outcome run = await Run.Vlmsharp("", "train", "--help");
        string[] titles = [.. run.Lines.Where(line => line.EndsWith(':') && !line.StartsWith(' '))];
        Assert.Equal(
        [
            "Description:", "Usage:", "What is needed:", "What is trained:", "Steps:", "Optimizer and loss:",
            "Evaluation and checkpoints:", "How data are read:",
            "Memory, devices and processes:", "Other:", "Examples:",
        ], titles);
        int needed = Array.IndexOf(run.Lines, "What is needed:");
        Assert.Equal(
            ["--data", "--out", "--lr", "--steps", "--epochs"],
            run.Lines[(needed + 1)..(needed + 6)].Select(
                line => line.Split(' ', ',').First(w => w.StartsWith("--", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_folder_with_other_files_is_refused()
    {
        folder.Write("thesis.txt", "years of work"u8);
        Run.Outcome run = await Run.Vlmsharp(
            "", "train", "--model", GoldenFiles.PathOf("models", "pg1"), "--data", Data(Figures("pg1"), [0]), "--out", folder.Path,
            "--steps", "1", "--lr", "1");
        Assert.Equal(5, run.Code);
        Assert.Contains("and no run that could go on: give a new or an empty folder.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_says_what_a_training_takes()
    {
        string data = Data(Figures("pg1"), [0, 1]);
        Run.Outcome run = await Run.Vlmsharp("", "train", "--plan", "--model", GoldenFiles
            .PathOf("models", "pg1"), "--data", data, "--out", folder.At("none"),
            "--steps", "1", "--lr", "1", "--full", "--batch-size", "2");
        Assert.Equal(0, run.Code);
        Assert.Contains("parameters 2.2 MiB, optimizer 4.4 MiB, activations and gradients", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.At("none")));
    }

    private static JsonElement Figures(string kind) =>
        JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", $"{kind}.json"))).RootElement;

    /// <summary>Some samples as a data file.</summary>
    private string Data(JsonElement figures, int[] samples)
    {
        string path = folder.At($"{string.Concat(samples)}.jsonl");
        File.WriteAllLines(path, samples.Select(i => Line(figures.GetProperty("samples")[i])));
        return path;

        static string Line(JsonElement sample) => JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["image"] = GoldenFiles.PathOf("images", sample.GetProperty("image").GetString()!),
            ["prefix"] = sample.GetProperty("prefix").GetString()!,
            ["suffix"] = sample.GetProperty("suffix").GetString()!,
        });
    }

    /// <summary>The lines of the steps.</summary>
    private static JsonElement[] Metrics(string output) =>
        [
            .. File.ReadLines(Path.Combine(output, "metrics.jsonl"))
                .Select(l => JsonDocument.Parse(l).RootElement)
                .Where(l => l.TryGetProperty("loss", out _))
        ];

    private static string Untimed(JsonElement line) =>
        $"{line.GetProperty("step")} {line.GetProperty("loss")} {line.GetProperty("grad_norm")} {line.GetProperty("lr")}";
}
