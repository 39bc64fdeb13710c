using System.Text.Json;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Conformance;

/// <summary>
/// Compares adapters made by PEFT with the results of transformers: loss, logits and gradients. Also runs sequences with different
/// adapters in one batch. The tests are inherited by every backend.
/// </summary>
public abstract class AdapterGoldens
{
    private const double LogitTolerance = 2e-4;

    /// <summary>The model, the adapter, and the family of expected values.</summary>
    public static TheoryData<string, string, string> Adapters => new()
    {
        { "pg1", "lora", "lora" }, { "pg1", "lora-new-names", "lora" }, { "pg1", "rslora", "rslora" },
        { "pg2", "lora", "lora" }, { "pg2", "lora-new-names", "lora" }, { "pg2", "rslora", "rslora" },
    };

    /// <summary>Makes a new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>The tolerance relative to the largest value of a gradient. A backend that rounds operands widens it.</summary>
    protected virtual double Tolerance => 1e-4;

    /// <summary>
    /// How far the numbers of a row may be from those of the row alone: 0 for a backend whose products do not depend on the number of rows.
    /// </summary>
    protected virtual double RowTolerance => 0;

    [BackendTheory, MemberData(nameof(Adapters))]
    public void Logits_equal_the_reference(string kind, string adapter, string expectation)
    {
        using IComputeBackend backend = CreateBackend();
        using var golden = new AdapterGolden(kind, adapter, backend);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-{expectation}-expected.safetensors"));
        for (int i = 0; i < 2; i++)
            TensorAssert.Close(
                expected.Floats($"suffix_logits.{i}"), Logits(golden, backend, i), LogitTolerance, $"{kind} {adapter} sample {i}");
    }

    [BackendTheory, MemberData(nameof(Adapters))]
    public void Loss_and_the_gradients_of_A_and_B_equal_the_reference(string kind, string adapter, string expectation)
    {
        using IComputeBackend backend = CreateBackend();
        using var golden = new AdapterGolden(kind, adapter, backend);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-{expectation}-expected.safetensors"));
        JsonElement figures = golden.Json.GetProperty(expectation);
        int tokens = golden.Examples.Sum(e => e.TargetCount);
        IReadOnlyList<double> losses = golden.Step().Run(golden.Examples, 1.0 / tokens);
        Close.AssertRelative("loss", figures.GetProperty("loss").GetDouble(), losses.Sum() / tokens, Math.Max(1e-5, Tolerance / 10));
        Assert.Equal(figures.GetProperty("modules").GetInt32(), golden.Adapter.Modules.Count);
        Assert.Equal(figures.GetProperty("trainable").GetInt64(), golden.Adapter.Parameters);
        foreach (AdaptedModule module in golden.Adapter.Modules)
        {
            LowRank low = golden.Adapter.Find(module.WeightName)!;
            Compare(low.A, GradientOf("lora_A"));
            Compare(low.B, GradientOf("lora_B"));

            string GradientOf(string factor) => "grad."
                + AdapterWriter.NameOf(module.Name, factor, AdapterNaming.Historic)
                    .Replace(".weight", ".default.weight", StringComparison.Ordinal);
        }

        void Compare(Weight weight, string name)
        {
            ReadOnlySpan<float> values = expected.Floats(name);
            float[] actual = new float[values.Length];
            backend.Download(golden.Tape.Gradient(weight), actual);
            double largest = 0;
            foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
            TensorAssert.Close(values, actual, Tolerance * largest + 1e-7, $"{kind} {adapter} {name}");
        }
    }

    /// <summary>QLoRA (Dettmers et al. 2023): the adapter on a base in NF4.</summary>
    [BackendTheory, InlineData("pg1"), InlineData("pg2")]
    public void Logits_on_a_quantized_base_equal_the_reference(string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using var golden = new AdapterGolden(kind, "lora", backend, DType.Nf4);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-qlora-expected.safetensors"));
        for (int i = 0; i < 2; i++)
            TensorAssert.Close(expected.Floats($"suffix_logits.{i}"), Logits(golden, backend, i), LogitTolerance, $"{kind} sample {i}");
    }

    [BackendTheory, InlineData("pg1"), InlineData("pg2")]
    public void Requests_with_different_adapters_share_steps_and_answer_as_they_do_alone(string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", kind), backend);
        model.ImageFeatures.MaxBytes = 0; // otherwise a request alone would find the cached features of the others
        foreach (string adapter in (string[])["lora", "rslora"])
            model.LoadAdapter(adapter, GoldenFiles.PathOf("training", $"{kind}-{adapter}"));
        GoldenCase[] cases = GoldenCase.Load(kind);
        var options = new GenerationOptions { MaxNewTokens = 12, IgnoreEndOfSequence = true };
        GenerationRequest[] requests =
        [
            .. ((string?[])[null, "lora", "rslora", "lora", "base"]).Select(
                (a, i) => cases[i % cases.Length].Request() with { Adapter = a })
        ];
        IReadOnlyList<GenerationResult> together = model.Generate(requests, options);
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationResult alone = model.Generate(requests[i], options);
            Assert.Equal(alone.TokenIds, together[i].TokenIds);
            TensorAssert.Close(
                alone.LogProbabilities.ToArray(), together[i].LogProbabilities.ToArray(), 1e-4, $"{kind} {requests[i].Adapter}");
        }

        Assert.Equal(cases[0].Tokens[..12], together[0].TokenIds); // the request without an adapter gives the tokens of the model itself
        Assert.NotEqual(together[0].TokenIds, model.Generate(cases[0].Request() with { Adapter = "lora" }, options).TokenIds);
    }

    private static float[] Logits(AdapterGolden golden, IComputeBackend backend, int sample)
    {
        using Matrix logits = golden.Step().Logits([golden.Examples[sample]]); // [targets, V]
        float[] values = new float[logits.Length];
        backend.Download(logits, values);
        return values;
    }

    /// <summary>
    /// Up to twelve rows, the numbers of a step do not depend on the number of rows, and so not on the adapters of other rows either.
    /// </summary>
    [BackendFact]
    public void A_row_has_the_same_bits_whatever_adapters_the_other_rows_use()
    {
        using IComputeBackend backend = CreateBackend();
        using Checkpoint checkpoint = Checkpoint.Open(GoldenFiles.PathOf("models", "pg1"));
        using var adapting = new LowRankBackend(backend);
        Adapter[] adapters =
        [
            .. ((string[])["lora", "rslora"]).Select(
                name => Adapter.Load(name, AdapterFile.Open(GoldenFiles.PathOf("training", $"pg1-{name}")), backend))
        ];
        foreach (Adapter adapter in adapters) adapting.Add(adapter);
        const string Layer = "language_model.model.layers.0.";
        using Weight gate = adapting.LoadWeight(checkpoint.Weight(Layer + "mlp.gate_proj.weight")),
            up = adapting.LoadWeight(checkpoint.Weight(Layer + "mlp.up_proj.weight"));
        using Weight down = adapting.LoadWeight(checkpoint.Weight(Layer + "mlp.down_proj.weight"));
        Adapter?[] taken =
        [
            adapters[0], null, adapters[1], adapters[0], null, adapters[1], adapters[1], adapters[0], null, null, adapters[0], adapters[1]
        ];
        float[] x = [.. Enumerable.Range(0, taken.Length * gate.Columns).Select(i => MathF.Sin(i * 0.37f))];
        float[] together = Run(x, taken);
        int width = down.Rows;
        for (int i = 0; i < taken.Length; i++)
            TensorAssert.Close(
                Run(x[(i * gate.Columns)..((i + 1) * gate.Columns)], [taken[i]]),
                together.AsSpan(i * width, width),
                RowTolerance,
                $"row {i}");
        foreach (Adapter adapter in adapters) adapter.Dispose();

        float[] Run(float[] rows, Adapter?[] each)
        {
            var batch = new SequenceBatch();
            foreach (Adapter? adapter in each) batch.Add(1, 0, adapter);
            adapting.Prepare(batch);
            using Matrix input = adapting.Upload(rows, each.Length, gate.Columns), inner = adapting.GatedLinear(input, gate, up);
            using Matrix y = adapting.Linear(inner, down, residual: input);
            float[] values = new float[y.Length];
            adapting.Download(y, values);
            return values;
        }
    }
}

/// <summary>A golden model with a golden adapter, whose matrices are trained on a tape.</summary>
internal sealed class AdapterGolden : IDisposable
{
    private readonly TrainingGolden model;
    private readonly AdapterFile file;
    private readonly LowRankBackend adapting;
    private readonly LoadedWeights weights;
    private readonly Checkpoint checkpoint;

    public AdapterGolden(string kind, string adapter, IComputeBackend backend, DType? quantization = null)
    {
        model = new TrainingGolden(kind, backend, checkpointing: true); // for its samples
        checkpoint = Checkpoint.Open(GoldenFiles.PathOf("models", kind));
        file = AdapterFile.Open(GoldenFiles.PathOf("training", $"{kind}-{adapter}"));
        file.RequireFit(checkpoint.Config);
        Tape = new Tape(backend);
        Adapter = new Adapter("golden", file.Config, file.Modules, module =>
        {
            (WeightData a, WeightData b) = file.Weights(module);
            return (Trained(a), Trained(b));
        });
        adapting = new LowRankBackend(Tape) { Always = Adapter };
        weights = new LoadedWeights(checkpoint, adapting, quantization, CancellationToken.None);
        Network = new Models.PaliGemmaModel(checkpoint.Config, adapting, weights.Load);
    }

    public Tape Tape { get; }

    public Adapter Adapter { get; }

    public Models.PaliGemmaModel Network { get; }

    public JsonElement Json => model.Json;

    public IReadOnlyList<TrainingSequence> Examples => model.Examples(Json.GetProperty("gradients").GetProperty("batch"));

    public GradientStep Step() => new(Network, Tape, new LossOptions());

    public void Dispose()
    {
        Tape.Dispose();
        Adapter.Dispose();
        adapting.Dispose();
        weights.Dispose();
        file.Dispose();
        checkpoint.Dispose();
        model.Dispose();
    }

    private Weight Trained(WeightData data)
    {
        Weight weight = Tape.LoadWeight(data);
        Tape.Train(weight);
        return weight;
    }
}
