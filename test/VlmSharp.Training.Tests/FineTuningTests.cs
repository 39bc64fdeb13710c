using System.Diagnostics;
using System.Text.Json;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests;

/// <summary>A complete fine-tuning, on the smallest golden model.</summary>
public sealed class FineTuningTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly CpuBackend backend = new(new CpuBackendOptions { Threads = 1 });

    private FineTuningOptions Options => new()
    {
        Model = GoldenFiles.PathOf("models", "pg1"),
        Data = Lines("train.jsonl", 2),
        Output = folder.At("out"),
        Steps = 4,
        LearningRate = 1e-3,
    };

    /// <summary>Plan and run read the same open files, so the folder may be deleted in between.</summary>
    [Fact]
    public void Open_files_are_not_opened_again()
    {
        string model = folder.At("model");
        CopyModel(model);
        using TrainingInputs inputs = TrainingInputs.Open(Options with { Model = model });
        Directory.Delete(model, recursive: true);
        TrainingPlan.For(inputs).Require(inputs, long.MaxValue, copies: false);
        using FineTuning run = FineTuning.Open(inputs, backend);
        Assert.Equal(TrainingEnd.Finished, run.Run());
        Assert.True(File.Exists(folder.At("out/adapter_model.safetensors")));
    }

    [Fact]
    public void A_gradient_goes_from_the_tape_to_its_parameter()
    {
        using TrainingInputs inputs = TrainingInputs.Open(Options);
        using TrainableModel model =
            TrainableModel.Open(inputs, backend, new TrainableOptions { NewAdapter = FineTuningOptions.DecoderAdapter }, default);
        using var step = new ModelStep(model, new LossOptions());
        var stream = new ExampleStream(inputs.Data, inputs.Encoder, model.Preprocessor, new StreamOptions { BatchSize = 1, Batches = 1 });
        TrainingSequence[] batch = [.. stream.Read().Single().Examples.Select(ExampleSource.ToSequence)];
        Parameter parameter = model.Parameters[1]; // a matrix B: the gradient of A is 0 in the first step
        step.Accumulate(batch, new StepContext(0, 0, 0, IsLast: false));
        Assert.Equal((true, false), (model.Tape.Gradient(parameter.Weight).HasValue, parameter.Gradient.HasValue));
        float[] once = Numbers(model.Tape.Gradient(parameter.Weight));
        step.Accumulate(batch, new StepContext(0, 1, 0, IsLast: true));
        Assert.Equal((false, true), (model.Tape.Gradient(parameter.Weight).HasValue, parameter.Gradient.HasValue));
        TensorAssert.Close([.. once.Select(x => 2 * x)], Numbers(parameter.Gradient), 1e-6 * once.Max(Math.Abs), "two batches");
    }

    /// <summary>Before a gradient of other weights changes a parameter: what is saved has nothing of them.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_model_that_is_overwritten_ends_the_run(bool full)
    {
        if (OperatingSystem.IsWindows()) return; // files in use cannot be written there
        string model = folder.At("model"), weights = Path.Combine(model, "model.safetensors");
        CopyModel(model);
        using FineTuning run = FineTuning.Open(Options with { Model = model, Full = full, SaveEvery = 1 }, backend);
        await Tool.OverwriteEndAsync(weights);
        string message = Assert.Throws<ModelFormatException>(() => run.Run()).Message;
        Assert.StartsWith($"{weights} was written to while the model was in use", message, StringComparison.Ordinal);
        Assert.Equal(0, run.CompletedSteps);
        Assert.False(Directory.Exists(folder.At("out/checkpoint-000001")));
        Assert.Empty(Directory.GetFiles(folder.At("out"), "*.safetensors"));
    }

    [Fact]
    public async Task Gradients_and_frozen_weights_of_an_overwritten_model_are_not_written()
    {
        if (OperatingSystem.IsWindows()) return; // files in use cannot be written there
        string source = folder.At("model"), gradients = folder.At("gradients.safetensors");
        CopyModel(source);
        var options = new TrainableOptions { IsTrained = name => name.EndsWith("bias", StringComparison.Ordinal) };
        using TrainableModel model = TrainableModel.Open(source, backend, options);
        Assert.Throws<ModelFormatException>(() => GradientFile.Write(gradients, model, double.NaN));
        GradientFile.Write(gradients, model, 1);
        File.Delete(gradients);
        await Tool.OverwriteEndAsync(Path.Combine(source, "model.safetensors"));
        Assert.Contains(
            "was written to",
            Assert.Throws<ModelFormatException>(() => GradientFile.Write(gradients, model, double.NaN)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ModelFormatException>(() => model.SaveWeights(folder.At("saved"), DType.F32));
        Assert.Empty(Directory.GetFiles(folder.At("saved")));
        Assert.False(File.Exists(gradients));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_folder_with_other_files_is_refused_and_left_as_it_is(bool resume)
    {
        Directory.CreateDirectory(folder.At("out"));
        folder.Write("out/thesis.txt", "years of work"u8);
        string message = Assert.Throws<RequestException>(() => FineTuning.Open(Options with { Resume = resume }, backend)).Message;
        Assert.Equal(
            $"{folder.At("out")} holds other files ('thesis.txt') and no run that could go on: give a new or an empty folder.", message);
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.At("out")));
    }

    [Fact]
    public void A_run_without_a_checkpoint_starts_again()
    {
        Directory.CreateDirectory(folder.At("out/tensorboard"));
        foreach (string name in new[] { ".lock", "metrics.jsonl", "report.html", "report.html.tmp", "mlflow-run" })
            folder.Write($"out/{name}", []);
        using FineTuning run = FineTuning.Open(Options, backend);
        Assert.Equal(0, run.CompletedSteps);
    }

    [Theory, InlineData("file"), InlineData("file/out")]
    public void A_folder_that_cannot_be_written_gives_an_error_of_one_sentence(string name)
    {
        string file = folder.Write("file", []);
        string message = Assert.Throws<IOException>(() => FineTuning.Open(Options with { Output = folder.At(name) }, backend)).Message;
        Assert.Equal($"The folder {folder.At(name)} cannot be created, because {file} is a file; give one that can be written.", message);
    }

    /// <summary>With a harmful learning rate the first evaluation is the best, and its adapter is kept.</summary>
    [Fact]
    public void The_best_adapter_is_kept_in_addition_to_the_last()
    {
        FineTuningOptions options =
            Options with { EvaluationData = Lines("held-out.jsonl", 1), LearningRate = 3, EvaluateEvery = 1, Samples = 0 };
        using FineTuning run = FineTuning.Open(options, backend);
        run.Run();
        Assert.Equal((1L, folder.At("out/best")), (run.BestStep, run.BestFolder));
        foreach (string name in new[] { "adapter_model.safetensors", "adapter_config.json" })
            Assert.Equal(File.ReadAllBytes(folder.At($"out/checkpoint-000001/{name}")), File.ReadAllBytes(folder.At($"out/best/{name}")));
        Assert.NotEqual(File.ReadAllBytes(folder.At("out/adapter_model.safetensors")),
            File.ReadAllBytes(folder.At("out/best/adapter_model.safetensors")));
        using AdapterFile best = AdapterFile.Open(folder.At("out/best"));
        best.RequireFit(run.Model.Network.Config);
    }

    [Fact]
    public void The_best_model_is_kept_in_addition_to_the_last()
    {
        FineTuningOptions options = Options with
        {
            Full = true,
            EvaluationData = Lines("held-out.jsonl", 1),
            LearningRate = 1,
            EvaluateEvery = 1,
            Samples = 0,
            Steps = 3
        };
        using (FineTuning run = FineTuning.Open(options, backend)) run.Run();
        using var saved = new GoldenTensors(folder.At("out/checkpoint-000001/parameters.safetensors"));
        using Checkpoint best = Checkpoint.Open(folder.At("out/best"));
        CheckpointTensor tensor = best.Tensors.Values.First(t => t.Name.EndsWith("layers.0.mlp.up_proj.weight", StringComparison.Ordinal));
        float[] row = new float[tensor.Shape[^1]];
        best.Weight(tensor.Name).Widen(0, row);
        Assert.Equal(saved.Floats(tensor.Name)[..row.Length], row);
        Assert.False(Directory.Exists(folder.At("out/.writing-best")));
    }

    [Fact]
    public void The_report_shows_the_options_of_the_run()
    {
        string metrics = folder.At("out/metrics.jsonl"), page = folder.At("out/report.html");
        FineTuningOptions options = Options with
        {
            BatchSize = 2,
            Accumulation = 3,
            WarmupSteps = 1,
            ClipNorm = 1,
            NewAdapter = FineTuningOptions.DecoderAdapter with { Rank = 4 }
        };
        using (FineTuning run = FineTuning.Open(options, backend, trackers: [new MetricsFile(metrics), new HtmlReport(metrics, page)]))
            run.Run();
        string text = File.ReadAllText(page);
        foreach ((string name, string value) in new[]
        {
            ("model", options.Model), ("data", $"{options.Data}: 2 examples"), ("steps", "4"), ("batch", "2 examples, 3 batches to a step"),
            ("learning rate", "0.001, constant, 1 steps of warm-up"), ("optimizer", "adamw, betas 0.9 and 0.999, clipped to norm 1"),
        })
            Assert.Contains($"<tr><th>{name}</th><td>{value}</td></tr>", text, StringComparison.Ordinal);
        Assert.Contains("<td>an adapter of rank 4, alpha 8, on all linear layers of the decoder: ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("decay_form", text, StringComparison.Ordinal);
    }

    /// <summary>The plan of a batch that is too large to run is computed from two small ones.</summary>
    [Fact]
    public void The_plan_of_a_large_batch_equals_what_it_takes()
    {
        FineTuningOptions options = Options with { BatchSize = 48, Steps = 1, Data = Lines("one.jsonl", 1) };
        using TrainingInputs inputs = TrainingInputs.Open(options);
        TrainingPlan plan = TrainingPlan.For(inputs);
        using FineTuning run = FineTuning.Open(inputs, backend);
        run.Run();
        Assert.InRange(plan.StepBytes, 0.9 * backend.AllocatedBytes, 1.25 * backend.AllocatedBytes);
    }

    [Fact]
    public void The_plan_of_a_batch_that_no_step_could_hold_is_refused_at_once()
    {
        using TrainingInputs inputs = TrainingInputs.Open(Options with { BatchSize = int.MaxValue });
        Assert.Contains(
            "more --accumulate", Assert.Throws<RequestException>(() => TrainingPlan.For(inputs)).Message, StringComparison.Ordinal);
        using TrainingInputs large = TrainingInputs.Open(Options with { BatchSize = 20_000 });
        TrainingPlan plan = TrainingPlan.For(large);
        string message = Assert.Throws<RequestException>(() => plan.Require(large, 1L << 30, copies: false)).Message;
        Assert.Contains("It fits with --batch-size 1 and more --accumulate.", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_that_is_a_pipe_is_an_error_at_once()
    {
        if (OperatingSystem.IsWindows()) return; // pipes are not files on Windows
        using (Process make = Process.Start("mkfifo", folder.At("pipe.png"))) await make.WaitForExitAsync();
        folder.Write("pipe.jsonl", """{"image": "pipe.png", "prefix": "caption en", "suffix": "a cat"}"""u8);
        Task<TrainingDataException> failing = Task.Run(() => Assert.Throws<TrainingDataException>(() =>
        {
            using FineTuning run = FineTuning.Open(Options with { Data = folder.At("pipe.jsonl") }, backend);
            run.Run();
        }));
        Assert.Contains("pipe.png is a pipe", (await failing.WaitAsync(TimeSpan.FromMinutes(2))).Message, StringComparison.Ordinal);
        Task<TrainingDataException> data =
            Task.Run(() => Assert.Throws<TrainingDataException>(() => TrainingData.Open(folder.At("pipe.png"))));
        Assert.Contains("pipe.png is a pipe", (await data.WaitAsync(TimeSpan.FromMinutes(2))).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        backend.Dispose();
        folder.Dispose();
    }

    private float[] Numbers(Matrix x)
    {
        float[] values = new float[x.Length];
        backend.Download(x, values);
        return values;
    }

    private static void CopyModel(string target)
    {
        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(GoldenFiles.PathOf("models", "pg1")))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
    }

    /// <summary>The first samples of the golden training.</summary>
    private string Lines(string name, int count)
    {
        using JsonDocument figures = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", "pg1.json")));
        string path = folder.At(name);
        File.WriteAllLines(path, figures.RootElement.GetProperty("samples").EnumerateArray().Take(count).Select(Line));
        return path;

        static string Line(JsonElement sample) => JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["image"] = GoldenFiles.PathOf("images", sample.GetProperty("image").GetString()!),
            ["prefix"] = sample.GetProperty("prefix").GetString()!,
            ["suffix"] = sample.GetProperty("suffix").GetString()!,
        });
    }
}
