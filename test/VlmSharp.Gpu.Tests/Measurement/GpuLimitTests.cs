using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Limits;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Measurement;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Measurement;

/// <summary>The measuring kernels do all the work that is counted.</summary>
[Collection(SharedDevice.Collection)]
public sealed class GpuLimitTests
{
    [Fact]
    public void Every_word_is_read_and_copied_as_cuda_gets_the_kernels()
    {
        using var device = new PtxDevice();
        AssertMemory(device);
    }

    [OpenClFact]
    public void Every_word_is_read_and_copied_on_opencl() => AssertMemory(new SharedDevice());

    private static void AssertMemory(KernelDevice device)
    {
        const int Groups = 2, Count = 3 * 4 * Groups * LimitKernels.Threads;
        U4[] words = [.. Enumerable.Range(0, Count).Select(i => new U4 { X = (uint)(i * 7919), Y = 1, Z = (uint)i, W = 3 })];
        using var x = device.Accelerator.Allocate1D<U4>(Count);
        using var y = device.Accelerator.Allocate1D<U4>(Count);
        using var sums = device.Accelerator.Allocate1D<uint>(Groups * LimitKernels.Threads);
        device.Write<U4>(words, x.View.BaseView);
        var args = new LimitKernels.MemoryArgs { X = x.View, Y = y.View, Sums = sums.View, Count = Count };
        device.Launch(LimitKernels.Read, new LaunchGrid(Groups), args);
        device.Launch(LimitKernels.Copy, new LaunchGrid(Groups), args);
        uint[] read = new uint[sums.Length];
        U4[] copied = new U4[Count];
        device.Read(sums.View.BaseView, read.AsSpan());
        device.Read(y.View.BaseView, copied.AsSpan());
        Assert.Equal(words.Aggregate(0u, (sum, w) => sum + w.X + w.Y + w.Z + w.W), read.Aggregate(0u, (sum, s) => sum + s));
        Assert.Equal(words, copied);
    }

    [Fact]
    public void Every_multiply_add_is_done_as_cuda_gets_them()
    {
        using var device = new PtxDevice();
        AssertMultiplyAdds(device);
    }

    [OpenClFact]
    public void Every_multiply_add_is_done_on_opencl() => AssertMultiplyAdds(new SharedDevice());

    private static void AssertMultiplyAdds(KernelDevice device)
    {
        const int Steps = 3;
        const float Scale = 0.5f, Shift = 2;
        using var sums = device.Accelerator.Allocate1D<float>(LimitKernels.Threads);
        var args = new LimitKernels.ArithmeticArgs { Sums = sums.View, Scale = Scale, Shift = Shift, Steps = Steps };
        device.Launch(LimitKernels.MultiplyAdds, new LaunchGrid(1), args);
        float[] chains = [Shift * Shift, Shift + Shift * Shift, Shift + 2 * Shift * Shift, Shift + 3 * Shift * Shift];
        for (int step = 0; step < Steps; step++)
            for (int i = 0; i < chains.Length; i++) chains[i] = chains[i] * Scale + Shift;
        float[] got = new float[LimitKernels.Threads];
        device.Read(sums.View.BaseView, got.AsSpan());
        Assert.All(got, sum => Assert.Equal(4 * chains.Sum(), sum)); // four equal chains each, all exact
    }

    [Fact]
    public void Every_square_of_matrix_instructions_is_summed_up()
    {
        const int Steps = 2, Groups = 2, Warps = Groups * LimitKernels.Threads / 32;
        var random = new Random(3);
        float[] numbers = [.. Enumerable.Range(0, 32 * 32).Select(_ => (float)random.Next(-3, 4))]; // [lane, 8 words of A and 8 of B, 2]
        uint Pair(int at) => BFloat16.FromSingle(numbers[2 * at]) | (uint)BFloat16.FromSingle(numbers[2 * at + 1]) << 16;
        U4[] words =
        [
            .. Enumerable.Range(0, 128).Select(i =>
                new U4 { X = Pair(4 * i), Y = Pair(4 * i + 1), Z = Pair(4 * i + 2), W = Pair(4 * i + 3) }),
        ];
        using var device = new PtxDevice();
        using var x = device.Accelerator.Allocate1D<U4>(words);
        using var sums = device.Accelerator.Allocate1D<float>(Groups * LimitKernels.Threads);
        var args = new LimitKernels.ArithmeticArgs { Numbers = x.View, Sums = sums.View, Steps = Steps };
        device.Launch(LimitKernels.Matrices, new LaunchGrid(Groups), args);

        // The sum over all elements of A B is, over k, that of A's column k times that of B's row k. A lane has the columns
        // 2 (lane % 4), that + 1, and both + 8: of A in the words 0 and 1, then 2 and 3; of B in the words 0, then 1.
        double[] a = new double[16], b = new double[16];
        for (int lane = 0; lane < 32; lane++)
            for (int word = 0; word < 8; word++)
                for (int half = 0; half < 2; half++)
                {
                    int k = lane % 4 * 2 + half;
                    a[k + word / 2 % 2 * 8] += numbers[(lane * 16 + word) * 2 + half];
                    b[k + word % 2 * 8] += numbers[(lane * 16 + 8 + word) * 2 + half];
                }

        double expected = Steps * Enumerable.Range(0, 16).Sum(k => a[k] * b[k]);
        float[] got = sums.GetAsArray1D();
        for (int warp = 0; warp < Warps; warp++) Assert.Equal(expected, got.Skip(32 * warp).Take(32).Sum(s => (double)s));
    }

    [OpenClFact]
    public void Limits_are_measured_on_opencl()
    {
        using GpuBackend backend = SharedDevice.Backend();
        using var probe = new GpuLimitProbe(backend);
        GpuLimits limits = probe.Measure();
        Assert.False(limits.HasTensorCores);
        foreach (double rate in new[] { limits.ReadBandwidth, limits.CopyBandwidth, limits.Peak, probe.MeasureUpload() })
            Assert.True(double.IsFinite(rate) && rate > 0.01, $"{limits}");
    }
}
