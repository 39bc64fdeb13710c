using VlmSharp.Conformance;
using VlmSharp.Generation;
using Xunit.Abstractions;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Whole models on tensor cores against transformers in fp32: the very PTX that a card gets, run by the PTX machine. Products round what
/// they multiply to bf16, relative 2^-9 at most for each number; so a stage's error is some thousandths of its own size, growing with
/// the root of the number of roundings before it.
/// </summary>
public sealed class PtxGoldens(ITestOutputHelper output)
{
    // Root mean square of the error of a stage over that of the stage. One rounding to bf16 is 2^-9 / sqrt(3) = 0.0011 of a number; a
    // block has about ten in a row (norm, products' inputs, keys and values, weights of attention), and the tiny models up to seven blocks.
    private const double StageTolerance = 0.01;

    [Theory]
    [InlineData("pg1")]
    [InlineData("pg2")]
    [InlineData("pg1odd")]
    public void Every_stage_is_within_what_bf16_rounds(string kind)
    {
        using var backend = new GpuBackend(new PtxDevice(), "ptx", "PTX machine", useTensorCores: true);
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", kind), backend);
        GoldenCase golden = GoldenCase.Load(kind).Single(c => c.Name == "caption");
        using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-caption.safetensors"));
        Trace trace = ModelTrace.Run(model, golden.Request(), ModelTrace.StepLogits);
        foreach (TracedTensor stage in trace.Tensors.Where(t => expected.Has(t.Name) && t.Name != "pixel_values"))
        {
            ReadOnlySpan<float> wanted = expected.Floats(stage.Name);
            double error = RelativeError(wanted, stage.Values, out double largest);
            output.WriteLine($"{kind} {stage.Name}: error {100 * error:F3} % of the stage's size, at most {100 * largest:F3} % of its range");
            Assert.True(error <= StageTolerance, $"{stage.Name}: {error:G3}");
            if (stage.Name.Contains("logits", StringComparison.Ordinal)) Assert.InRange(largest, 0, 0.02);
        }

        Assert.Equal(golden.Tokens[..ModelTrace.StepLogits], trace.Tokens);
    }

    /// <summary>sqrt(mean((y - x)^2) / mean(x^2)), and the largest |y - x| over max(x) - min(x).</summary>
    private static double RelativeError(ReadOnlySpan<float> x, ReadOnlySpan<float> y, out double largest)
    {
        Assert.Equal(x.Length, y.Length);
        double errors = 0, squares = 0, min = double.MaxValue, max = double.MinValue;
        largest = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double error = (double)y[i] - x[i];
            Assert.True(double.IsFinite(error));
            errors += error * error;
            squares += (double)x[i] * x[i];
            largest = Math.Max(largest, Math.Abs(error));
            (min, max) = (Math.Min(min, x[i]), Math.Max(max, x[i]));
        }

        largest /= max - min;
        return Math.Sqrt(errors / squares);
    }
}
