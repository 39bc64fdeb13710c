using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Training.Gradients;
using Xunit.Abstractions;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Compares the gradients of whole models on tensor cores, run by the PTX machine, with the reference in fp32. As in
/// <see cref="PtxGoldens"/>, plain loops with the same roundings give the allowed error: tight for all gradients together, with room for
/// single roundings in each. The bias of the keys, which softmax ignores, has no gradient, and roundings must not give it one.
/// </summary>
public sealed class PtxGradientGoldens(ITestOutputHelper output)
{
    private const double MoreThanRounding = 1.25, MoreOfOne = 2;

    private const double Nothing = 1e-5; // compared with a gradient of norm 60

    [Theory]
    [InlineData("pg1")]
    [InlineData("pg2")]
    public void Every_gradient_is_off_by_what_bf16_rounds_and_no_more(string kind)
    {
        using var reference = new ReferenceBackend();
        using var rounding = new RoundingBackend(reference);
        using var backend = new GpuBackend(new PtxDevice(), "ptx", "PTX machine", useTensorCores: true);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-gradients.safetensors"));
        Dictionary<string, float[]> onTensorCores = Gradients(backend, kind, expected), rounded = Gradients(rounding, kind, expected);
        double all = 0, allErrors = 0, allRoundings = 0, allApart = 0;
        output.WriteLine("root mean square, relative: error of tensor cores, of rounded plain loops, between the two");
        foreach ((string name, float[] actual) in onTensorCores)
        {
            float[] wanted = expected.Floats("grad." + name).ToArray(), loops = rounded[name];
            double size = wanted.Sum(x => (double)x * x);
            double error = Apart(wanted, actual), rounds = Apart(wanted, loops), apart = Apart(loops, actual);
            output.WriteLine($"{kind} {name} | {Share(error, size)} | {Share(rounds, size)} | {Share(apart, size)}");
            Assert.True(
                error <= MoreOfOne * MoreOfOne * rounds, $"{name} is off by {Share(error, size)}, rounding by {Share(rounds, size)}.");
            if (name.EndsWith("k_proj.bias", StringComparison.Ordinal)) Assert.InRange(Math.Sqrt(error), 0, Nothing);
            (all, allErrors, allRoundings, allApart) = (all + size, allErrors + error, allRoundings + rounds, allApart + apart);
        }

        output.WriteLine($"{kind} all | {Share(allErrors, all)} | {Share(allRoundings, all)} | {Share(allApart, all)}");
        Assert.InRange(allErrors, 0, MoreThanRounding * MoreThanRounding * allRoundings);
        Assert.InRange(allApart, 0, allRoundings); // closer to each other than to fp32
    }

    private static Dictionary<string, float[]> Gradients(IComputeBackend backend, string kind, GoldenTensors expected)
    {
        using var golden = new TrainingGolden(kind, backend, checkpointing: false);
        IReadOnlyList<TrainingSequence> examples = golden.Examples(golden.Json.GetProperty("gradients").GetProperty("batch"));
        golden.Step().Run(examples, 1.0 / examples.Sum(e => e.TargetCount));
        return expected.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)).Select(n => n["grad.".Length..])
            .ToDictionary(n => n, golden.Gradient);
    }

    /// <summary>sum((y - x)^2).</summary>
    private static double Apart(float[] x, float[] y) => x.Zip(y, (a, b) => ((double)b - a) * ((double)b - a)).Sum();

    private static string Share(double squares, double of) => $"{100 * Math.Sqrt(squares / of):F2} %";
}
