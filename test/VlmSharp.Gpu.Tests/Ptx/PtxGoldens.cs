using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using Xunit.Abstractions;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Compares whole models on tensor cores with transformers in fp32: exactly the PTX for a card, run by the PTX machine. Products round
/// their operands to bf16, and the results may be off only by the error of that. Plain loops with the same roundings show how large it is
/// (<see cref="RoundingBackend"/>). Some roundings differ because sums are added in another order, but most are the same, so the two are
/// closer to each other than to fp32.
/// </summary>
public sealed class PtxGoldens(ITestOutputHelper output)
{
    // The weights of attention are rounded too, which the plain loops leave out.
    private const double MoreThanRounding = 1.25;

    private const double LogitRange = 0.02;

    [Theory]
    [InlineData("pg1")]
    [InlineData("pg2")]
    [InlineData("pg1odd")]
    public void Every_stage_is_off_by_what_bf16_rounds_and_no_more(string kind)
    {
        using var reference = new ReferenceBackend();
        using var rounding = new RoundingBackend(reference);
        using var backend = new GpuBackend(new PtxDevice(), "ptx", "PTX machine", useTensorCores: true);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-caption.safetensors"));
        Trace onTensorCores = Run(backend, kind, out int[] tokens), rounded = Run(rounding, kind, out _);
        output.WriteLine(
            "root mean square, relative: error of tensor cores, of rounded plain loops, between the two; largest error / range");
        Dictionary<string, float[]> plain = rounded.Tensors.ToDictionary(t => t.Name, t => t.Values);
        foreach (TracedTensor stage in onTensorCores.Tensors.Where(t => expected.Has(t.Name) && t.Name != "pixel_values"))
        {
            float[] wanted = expected.Floats(stage.Name).ToArray(), loops = plain[stage.Name];
            double error = Apart(wanted, stage.Values), rounds = Apart(wanted, loops), apart = Apart(loops, stage.Values);
            double largest = Largest(wanted, stage.Values);
            output.WriteLine($"{kind} {stage.Name} | {100 * error:F2} % | {100 * rounds:F2} % | {100 * apart:F2} % | {100 * largest:F2} %");
            Assert.True(error <= MoreThanRounding * rounds, $"{stage.Name} is off by {error:G3}, rounding by {rounds:G3}.");
            Assert.True(apart <= rounds, $"{stage.Name} is {apart:G3} from plain loops with the same roundings.");
            if (stage.Name.Contains("logits", StringComparison.Ordinal)) Assert.InRange(largest, 0, LogitRange);
        }

        Assert.Equal(tokens, onTensorCores.Tokens);
    }

    private static Trace Run(IComputeBackend backend, string kind, out int[] tokens)
    {
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", kind), backend);
        GoldenCase golden = GoldenCase.Load(kind).Single(c => c.Name == "caption");
        tokens = golden.Tokens[..ModelTrace.StepLogits];
        return ModelTrace.Run(model, golden.Request(), ModelTrace.StepLogits);
    }

    /// <summary>sqrt(mean((y - x)^2) / mean(x^2)).</summary>
    private static double Apart(float[] x, float[] y)
    {
        Assert.Equal(x.Length, y.Length);
        return Math.Sqrt(x.Zip(y, (a, b) => ((double)b - a) * ((double)b - a)).Sum() / x.Sum(a => (double)a * a));
    }

    /// <summary>max |y - x| / (max(x) - min(x)).</summary>
    private static double Largest(float[] x, float[] y) => x.Zip(y, (a, b) => Math.Abs((double)b - a)).Max() / (x.Max() - (double)x.Min());
}
