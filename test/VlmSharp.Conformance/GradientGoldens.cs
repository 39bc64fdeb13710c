using System.Runtime.InteropServices;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Conformance;

/// <summary>
/// Losses and gradients of the whole model, against what the reference implementation gave: of every parameter, for PaliGemma 1 and 2. One body, every backend.
/// </summary>
public abstract class GradientGoldens
{
    /// <summary>A new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>Relative to a tensor's largest value; a backend that rounds operands says how much more it is off.</summary>
    protected virtual double Tolerance => 1e-4;

    [BackendTheory]
    [InlineData("pg1", true), InlineData("pg1", false), InlineData("pg2", true)]
    public void Loss_and_every_gradient_equal_the_reference(string kind, bool checkpointing)
    {
        using IComputeBackend backend = CreateBackend();
        using var golden = new TrainingGolden(kind, backend, checkpointing);
        JsonElement figures = golden.Json.GetProperty("gradients");
        IReadOnlyList<TrainingSequence> examples = golden.Examples(figures.GetProperty("batch"));
        int tokens = examples.Sum(e => e.TargetCount);
        IReadOnlyList<double> losses = golden.Step().Run(examples, 1.0 / tokens);
        Close.AssertRelative("loss", figures.GetProperty("loss").GetDouble(), losses.Sum() / tokens, Math.Max(1e-5, Tolerance / 10));
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-gradients.safetensors"));
        int compared = 0;
        foreach (string name in expected.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)))
        {
            ReadOnlySpan<float> values = expected.Floats(name);
            double largest = 0;
            foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
            TensorAssert.Close(values, golden.Gradient(name["grad.".Length..]), Tolerance * largest + 1e-7, $"{kind} {name}");
            compared++;
        }

        Assert.Equal(golden.Weights.Count, compared);
    }

    [BackendTheory]
    [InlineData("pg1"), InlineData("pg2")]
    public void Losses_of_each_reduction_equal_the_reference(string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using var golden = new TrainingGolden(kind, backend, checkpointing: true);
        JsonElement figures = golden.Json.GetProperty("gradients");
        IReadOnlyList<TrainingSequence> examples = golden.Examples(figures.GetProperty("batch"));
        int tokens = examples.Sum(e => e.TargetCount);
        double Loss(LossOptions options) => golden.Step(options).Evaluate(examples).Sum() / tokens;
        double tolerance = Math.Max(1e-5, Tolerance / 10);
        Close.AssertRelative("smoothed", figures.GetProperty("loss_label_smoothing_0.1").GetDouble(), Loss(new LossOptions(LabelSmoothing: 0.1f)), tolerance);
        IReadOnlyList<double> sums = golden.Step().Evaluate(examples);
        double[] means = [.. examples.Zip(sums, (e, s) => s / e.TargetCount)];
        Close.AssertRelative("example mean", figures.GetProperty("loss_example_mean").GetDouble(), means.Average(), tolerance);
        for (int i = 0; i < means.Length; i++)
            Close.AssertRelative($"sample {i}", figures.GetProperty("sample_losses")[i].GetDouble(), means[i], tolerance);
    }
}

/// <summary>A golden model whose every parameter is trained, with the golden samples.</summary>
internal sealed unsafe class TrainingGolden : IDisposable
{
    private readonly Checkpoint checkpoint;
    private readonly Tape tape;
    private readonly PaliGemmaModel model;
    private readonly List<nint> memory = [];

    public TrainingGolden(string kind, IComputeBackend backend, bool checkpointing)
    {
        Json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", $"{kind}.json"))).RootElement;
        checkpoint = Checkpoint.Open(GoldenFiles.PathOf("models", kind));
        tape = new Tape(backend) { Checkpointing = checkpointing };
        model = new PaliGemmaModel(checkpoint.Config, tape, Load);
    }

    public JsonElement Json { get; }

    public Dictionary<string, Weight> Weights { get; } = [];

    public GradientStep Step(LossOptions? options = null) => new(model, tape, options ?? new LossOptions());

    public float[] Gradient(string name)
    {
        Matrix gradient = tape.Gradient(Weights[name]);
        float[] values = new float[gradient.Length];
        tape.Download(gradient, values);
        return values;
    }

    /// <summary>The golden samples of some numbers.</summary>
    public IReadOnlyList<TrainingSequence> Examples(JsonElement batch) => [.. batch.EnumerateArray().Select(i => Example(i.GetInt32()))];

    private TrainingSequence Example(int index)
    {
        JsonElement sample = Json.GetProperty("samples")[index];
        var preprocessor = new ImagePreprocessor(new PreprocessorConfig { Size = checkpoint.Config.Vision.ImageSize });
        int[] ids = [.. sample.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32())];
        int prefix = sample.GetProperty("token_type_ids").EnumerateArray().Count(e => e.GetInt32() == 0);
        RgbImage picture = ImageFile.Load(GoldenFiles.PathOf("images", sample.GetProperty("image").GetString()!));
        return new TrainingSequence(ids, prefix, [preprocessor.Process(preprocessor.Resize(picture))]);
    }

    private Weight Load(string name)
    {
        if (Weights.TryGetValue(name, out Weight? loaded)) return loaded;
        WeightData data = checkpoint.Weight(name);
        float* block = (float*)NativeMemory.AlignedAlloc((nuint)(4L * data.Rows * data.Columns), 64);
        memory.Add((nint)block);
        for (int row = 0; row < data.Rows; row++) data.Widen(row, new Span<float>(block + (long)row * data.Columns, data.Columns));
        Weight weight = tape.LoadWeight(data with { DType = DType.F32, Data = (nint)block, Owner = this });
        tape.Train(weight);
        return Weights[name] = weight;
    }

    public void Dispose()
    {
        foreach (Weight weight in Weights.Values) weight.Dispose();
        tape.Dispose();
        checkpoint.Dispose();
        foreach (nint block in memory) NativeMemory.AlignedFree((void*)block);
    }
}
