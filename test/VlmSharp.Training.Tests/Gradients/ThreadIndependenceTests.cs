using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Training.Tests.Gradients;

public sealed class ThreadIndependenceTests
{
    /// <summary>Losses and all gradients of a golden model have the same bits for any number of threads.</summary>
    [Theory]
    [InlineData("pg1", SimdTier.Vector512), InlineData("pg2", SimdTier.Vector256), InlineData("pg2", SimdTier.Vector128)]
    public void Gradients_are_the_same_bits_for_any_number_of_threads(string kind, SimdTier tier)
    {
        Dictionary<string, float[]> expected = Gradients(kind, tier, 1);
        foreach (int threads in new[] { 2, 3 })
        {
            Dictionary<string, float[]> actual = Gradients(kind, tier, threads);
            foreach ((string name, float[] values) in expected)
                Assert.True(values.AsSpan().SequenceEqual(actual[name]), $"{name} differs with {threads} threads.");
        }
    }

    private static Dictionary<string, float[]> Gradients(string kind, SimdTier tier, int threads)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Simd = tier, AllowEmulation = true, Threads = threads });
        using var golden = new TrainingGolden(kind, backend, checkpointing: true);
        IReadOnlyList<TrainingSequence> examples = golden.Examples(golden.Json.GetProperty("gradients").GetProperty("batch"));
        float[] losses = [.. golden.Step().Run(examples, 0.1).Select(loss => (float)loss)];
        Dictionary<string, float[]> gradients = golden.Model.Parameters.ToDictionary(p => p.Name, p => golden.Gradient(p.Name));
        gradients["losses"] = losses;
        return gradients;
    }
}
