using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Training;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Conformance;

/// <summary>
/// Compares the loss of the whole model and the gradient of every parameter with the reference, for PaliGemma 1 and 2. The tests are
/// inherited by every backend.
/// </summary>
public abstract class GradientGoldens
{
    /// <summary>Makes a new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>The tolerance relative to the largest value of a tensor. A backend that rounds operands widens it.</summary>
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
        // Softmax ignores what all scores of a row have in common, so the bias of the keys has no gradient. Rounding leaves a rest of sums
        // that cancel, as large as the rounding of the whole gradient.
        double left = figures.GetProperty("grad_norm").GetDouble() * 1e-8;
        int compared = 0;
        foreach (string name in expected.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)))
        {
            ReadOnlySpan<float> values = expected.Floats(name);
            double largest = 0;
            foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
            TensorAssert.Close(values, golden.Gradient(name["grad.".Length..]), Tolerance * largest + left, $"{kind} {name}");
            compared++;
        }

        Assert.Equal(golden.Model.Parameters.Count, compared);
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
        Close.AssertRelative(
            "smoothed",
            figures.GetProperty("loss_label_smoothing_0.1").GetDouble(),
            Loss(new LossOptions(LabelSmoothing: 0.1f)),
            tolerance);
        IReadOnlyList<double> sums = golden.Step().Evaluate(examples);
        double[] means = [.. examples.Zip(sums, (e, s) => s / e.TargetCount)];
        Close.AssertRelative("example mean", figures.GetProperty("loss_example_mean").GetDouble(), means.Average(), tolerance);
        for (int i = 0; i < means.Length; i++)
            Close.AssertRelative($"sample {i}", figures.GetProperty("sample_losses")[i].GetDouble(), means[i], tolerance);
    }

    [BackendTheory]
    [InlineData("pg1"), InlineData("pg2")]
    public void Twenty_steps_of_AdamW_equal_the_reference(string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using var golden = new TrainingGolden(kind, backend, checkpointing: true);
        JsonElement figures = golden.Json.GetProperty("adamw");
        using var step = new ModelStep(golden.Model, new LossOptions());
        var settings = new OptimizerSettings { WeightDecay = figures.GetProperty("weight_decay").GetDouble() };
        using var optimizer = new AdamWOptimizer(backend, golden.Model.Parameters, settings);
        var schedule = new Schedule(
            ScheduleKind.Cosine, figures.GetProperty("total_steps").GetInt64(), figures.GetProperty("warmup_steps").GetInt64());
        foreach (JsonElement expected in figures.GetProperty("history").EnumerateArray())
        {
            long number = expected.GetProperty("step").GetInt64();
            BatchLoss loss = step.Accumulate(golden.Examples(expected.GetProperty("batch")), new StepContext(number, 0, 0, IsLast: true));
            double norm = GradientNorm.Of(backend, golden.Model.Parameters) / loss.Weight;
            double rate = figures.GetProperty("lr").GetDouble() * schedule.Multiplier(number);
            Close.AssertRelative($"loss {number}", expected.GetProperty("loss").GetDouble(), loss.Sum / loss.Weight, 10 * Tolerance);
            Close.AssertRelative($"norm {number}", expected.GetProperty("grad_norm").GetDouble(), norm, 10 * Tolerance);
            Assert.Equal(expected.GetProperty("lr").GetDouble(), rate, 1e-9);
            double clip = GradientNorm.ClipCoefficient(norm, figures.GetProperty("clip_norm").GetDouble());
            optimizer.Step(rate, schedule.Multiplier(number), clip / loss.Weight);
        }

        foreach (JsonProperty final in figures.GetProperty("final").EnumerateObject())
        {
            Parameter parameter = golden.Model.Parameters.Single(p => p.Name == final.Name);
            float[] values = new float[parameter.Length];
            parameter.Read(values);
            double norm = Math.Sqrt(values.Sum(v => (double)v * v));
            Close.AssertRelative(final.Name, final.Value.GetProperty("norm").GetDouble(), norm, 10 * Tolerance);
        }
    }
}
