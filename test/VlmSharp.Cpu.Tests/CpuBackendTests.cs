using System.Runtime.Intrinsics.X86;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Measurement;

namespace VlmSharp.Cpu.Tests;

public sealed class CpuBackendTests
{
    [Fact]
    public void SaysWhatRuns()
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128, Threads = 1 });
        Assert.Equal("cpu", backend.Name);
        Assert.EndsWith("128-bit vectors, 1 thread", backend.Description);
        using var all = new CpuBackend();
        using var two = new CpuBackend(new CpuBackendOptions { Threads = 2 });
        Assert.Equal((1, 2), (((IComputeBackend)backend).Threads, ((IComputeBackend)two).Threads));
        Assert.NotEqual(SimdTier.Auto, all.Simd);
        Assert.EndsWith(all.Threads == 1 ? "1 thread" : $"{all.Threads} threads", all.Description);
    }

    [Fact]
    public void SaysThatItIsDisposedOf()
    {
        var backend = new CpuBackend(new CpuBackendOptions { Threads = 1 });
        backend.Dispose();
        Assert.Equal(typeof(CpuBackend).FullName, Assert.Throws<ObjectDisposedException>(() => backend.Allocate(1, 4)).ObjectName);
    }

    [Fact]
    public void WidestTierIsChosen()
    {
        SimdTier expected = Avx512F.IsSupported ? SimdTier.Vector512 : Avx2.IsSupported && Fma.IsSupported ? SimdTier.Vector256 : SimdTier.Vector128;
        using var backend = new CpuBackend();
        Assert.Equal(expected, backend.Simd);
    }

    [Fact]
    public void MissingTierIsRefused()
    {
        foreach (SimdTier tier in new[] { SimdTier.Vector128, SimdTier.Vector256, SimdTier.Vector512 })
        {
            if (SimdTiers.IsSupported(tier)) new CpuBackend(new CpuBackendOptions { Simd = tier }).Dispose();
            else Assert.Contains($"no {SimdTiers.Bits(tier)}-bit vectors", Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { Simd = tier })).Message);
        }
        Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { Simd = (SimdTier)7 }));
    }

    /// <summary>Widths are in bits, as on the command line.</summary>
    [Fact]
    public void MissingTierIsNamedByItsBits() =>
        Assert.Matches(@"^This processor has no 512-bit vectors: ask for 128 bits \([A-Za-z]+\) at the most, or", SimdTiers.Missing(SimdTier.Vector512, SimdTier.Vector128));

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void ThreadsMustBePositive(int threads) =>
        Assert.Contains($"{threads} threads", Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { Threads = threads })).Message);

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
