using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests.Formats;

/// <summary>The quantized demo model still answers. docs/benchmarks.md has the figures for all scenes.</summary>
public sealed class QuantizationQualityTests
{
    [Theory]
    [InlineData(DType.Int8, 8, 0.0005, 0.96, 1.005)]
    [InlineData(DType.Int8, 16, 0.0005, 0.98, 1.005)]
    [InlineData(DType.Int4, 8, 0.02, 0.9, 1.03)]
    public void Distributions_stay_close(DType format, int activationBits, double divergence, double topOne, double perplexity)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { ActivationBits = activationBits });
        var quality = QuantizationQuality.Measure(backend, format, scenes: 8);
        Assert.InRange(quality.Divergence, 0, divergence);
        Assert.InRange(quality.TopOne, topOne, 1);
        Assert.InRange(quality.QuantizedPerplexity / quality.StoredPerplexity, 0.9, perplexity);
    }

    /// <summary>
    /// The recorded cases at every width. The loss of random weights comes from the format (<see cref="QuantizationQuality"/>), so the
    /// bounds are about twice the measured values. The kernels' own error is the difference to the plain loops on the same weights and
    /// equally rounded activations.
    /// </summary>
    [Theory]
    [InlineData("pg1", DType.Int8, 16, 0.008, 0.8)]
    [InlineData("pg1", DType.Int8, 8, 0.015, 0.75)]
    [InlineData("pg1", DType.Int4, 16, 0.9, 0.06)]
    [InlineData("pg1", DType.Int4, 8, 0.9, 0.06)]
    [InlineData("pg2", DType.Int8, 16, 0.0003, 0.95)]
    [InlineData("pg2", DType.Int8, 8, 0.0008, 0.95)]
    [InlineData("pg2", DType.Int4, 16, 0.15, 0.6)]
    public void Golden_distributions_stay_close(string kind, DType format, int activationBits, double divergence, double topOne)
    {
        using var reference = new ReferenceBackend();
        using var rounding = new RoundedActivations(reference, activationBits);
        QuantizationQuality plain = QuantizationQuality.MeasureGoldens(rounding, format, kind);
        foreach (SimdTier tier in new[] { SimdTier.Vector128, SimdTier.Vector256, SimdTier.Vector512 })
        {
            using var backend = new CpuBackend(
                new CpuBackendOptions { Simd = tier, ActivationBits = activationBits, AllowEmulation = true });
            var quality = QuantizationQuality.MeasureGoldens(backend, format, kind);
            Assert.Equal((4, 32), (quality.Answers, quality.Tokens));
            Assert.InRange(quality.Divergence, 0, divergence);
            Assert.InRange(quality.Divergence, 0.97 * plain.Divergence, 1.03 * plain.Divergence);
            Assert.InRange(quality.TopOne, topOne, 1);
        }
    }
}
