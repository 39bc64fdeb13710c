using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Measurement;

namespace VlmSharp.Cpu.Tests.Measurement;

public sealed class LimitProbeTests
{
    [Fact]
    public void MachineLimitsArePlausible()
    {
        MachineLimits limits = MachineLimits.Measure(new CpuBackendOptions { Threads = 1 });
        Assert.True(limits.ReadBandwidth > 0.05 && limits.FmaPeak > 0.05, limits.ToString());
        Assert.Equal(1, limits.Threads);
    }

    [Theory]
    [InlineData(SimdTier.Vector128)]
    [InlineData(SimdTier.Vector256)]
    [InlineData(SimdTier.Vector512)]
    public void ALimitProbeMeasuresEveryWidth(SimdTier tier)
    {
        using var probe = new LimitProbe(new CpuBackendOptions { Threads = 2, Simd = tier, AllowEmulation = true });
        MachineLimits limits = probe.Measure();
        Assert.True(limits.ReadBandwidth > 0.01 && limits.FmaPeak > 0.01, limits.ToString());
        Assert.Equal((2, tier), (limits.Threads, limits.Tier));
    }

    [Fact]
    public void ALimitProbeLeavesTheThreadsOfABackendToIt()
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = 3 });
        using (var probe = new LimitProbe(backend)) Assert.Equal((3, backend.Simd), (probe.Measure().Threads, probe.Measure().Tier));
        using Matrix x = backend.Upload([1, 2, 3], 1, 3), y = backend.LogSoftmax(x);
        float[] values = new float[3];
        backend.Download(y, values);
        Assert.Equal(1, values.Sum(MathF.Exp), 1e-5);
    }

    [Fact]
    public void AFloorIsTheLongerOfReadingAndComputing()
    {
        MachineLimits limits = new MachineLimits(20, 100, 2, SimdTier.Vector256).Best(new MachineLimits(10, 200, 2, SimdTier.Vector256));
        Assert.Equal(new MachineLimits(20, 200, 2, SimdTier.Vector256), limits);
        Assert.Equal(0.5, limits.FloorSeconds(10e9, 50e9));
        Assert.Equal(2, limits.FloorSeconds(10e9, 400e9));
    }
}
