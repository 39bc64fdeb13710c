using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests;

/// <summary>Quantized, the demo model still answers; docs/benchmarks.md has the figures over all scenes.</summary>
public sealed class QuantizationQualityTests
{
    [Theory]
    [InlineData(DType.Int8, 0.0005, 0.98, 1.005)]
    [InlineData(DType.Int4, 0.02, 0.9, 1.03)]
    public void Distributions_stay_close(DType format, double divergence, double topOne, double perplexity)
    {
        using var backend = new CpuBackend();
        var quality = QuantizationQuality.Measure(backend, format, scenes: 8);
        Assert.InRange(quality.Divergence, 0, divergence);
        Assert.InRange(quality.TopOne, topOne, 1);
        Assert.InRange(quality.QuantizedPerplexity / quality.StoredPerplexity, 0.9, perplexity);
    }
}
