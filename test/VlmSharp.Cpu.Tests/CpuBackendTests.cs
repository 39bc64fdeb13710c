using System.Runtime.InteropServices;
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
        SimdTier expected =
            Avx512F.IsSupported ? SimdTier.Vector512 : Avx2.IsSupported && Fma.IsSupported ? SimdTier.Vector256 : SimdTier.Vector128;
        using var backend = new CpuBackend();
        Assert.Equal(expected, backend.Simd);
    }

    [Fact]
    public void MissingTierIsRefused()
    {
        foreach (SimdTier tier in new[] { SimdTier.Vector128, SimdTier.Vector256, SimdTier.Vector512 })
        {
            if (SimdTiers.IsSupported(tier)) new CpuBackend(new CpuBackendOptions { Simd = tier }).Dispose();
            else
            {
                Assert.Contains(
                    $"no {SimdTiers.Bits(tier)}-bit vectors",
                    Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { Simd = tier })).Message);
            }
        }
        Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { Simd = (SimdTier)7 }));
    }

    /// <summary>Widths are in bits, as on the command line.</summary>
    [Fact]
    public void MissingTierIsNamedByItsBits() =>
        Assert.Matches(
            @"^This processor has no 512-bit vectors: ask for at most 128 bits \([A-Za-z]+\), or",
            SimdTiers.Missing(SimdTier.Vector512, SimdTier.Vector128));

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void ThreadsMustBePositive(int threads) =>
        Assert.Contains(
            $"{threads} threads",
            Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { Threads = threads })).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(32)]
    public void ActivationsHave8Or16Bits(int bits) =>
        Assert.Contains(
            $"{bits} bits",
            Assert.Throws<ArgumentException>(() => new CpuBackend(new CpuBackendOptions { ActivationBits = bits })).Message);

    [Fact]
    public void Activations_have_8_bits_where_the_processor_multiplies_them_faster()
    {
        using var backend = new CpuBackend();
        Assert.Equal(AvxVnni.IsSupported ? 8 : 16, backend.ActivationBits);
    }

    /// <summary>
    /// An activation that 8 bits do not hold tells which was used: beside 1000, 1 is less than half a step of 1000 / 127.
    /// </summary>
    [Theory]
    [InlineData(8, 1000)]
    [InlineData(16, 1001)]
    public void ActivationBitsAreHeeded(int bits, float expected)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { ActivationBits = bits });
        using var memory = new QuantizedOnes();
        foreach (int rows in new[] { 1, 20 }) // the kernels of few rows and of many
        {
            float[] x = new float[rows * 64];
            for (int row = 0; row < rows; row++) (x[row * 64], x[row * 64 + 1]) = (1000, 1);
            using Weight w = backend.LoadWeight(memory.Weight);
            using Matrix input = backend.Upload(x, rows, 64), output = backend.Linear(input, w);
            float[] y = new float[rows];
            backend.Download(output, y);
            Assert.All(y, value => Assert.Equal(expected, value, 0.1));
        }
    }

    // A row of 64 weights of 8 bits, each 1.
    private sealed unsafe class QuantizedOnes : IDisposable
    {
        private readonly byte* bytes = (byte*)NativeMemory.AlignedAlloc(128, 64);

        public QuantizedOnes()
        {
            new Span<byte>(bytes, 64).Fill(1);
            *(ushort*)(bytes + 64) = BFloat16.FromSingle(1);
            Weight = new WeightData("w", DType.Int8, 1, 64, (nint)bytes, this, (nint)(bytes + 64));
        }

        public WeightData Weight { get; }

        public void Dispose() => NativeMemory.AlignedFree(bytes);
    }
}
