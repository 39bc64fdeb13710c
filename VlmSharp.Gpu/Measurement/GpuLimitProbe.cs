using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Limits;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Measurement;

/// <summary>
/// Measures <see cref="GpuLimits"/> on a backend's own device and queue, between its operators. A measurement is the best of a few rounds;
/// each has enough launches that the overhead of one launch does not show.
/// </summary>
internal sealed unsafe class GpuLimitProbe : IDisposable
{
    private const int Rounds = 3, StagingBytes = 64 << 20;
    private const float Scale = 0.999f, Shift = 0.001f; // sums stay near 1

    private readonly KernelDevice device;
    private readonly bool hasTensorCores;
    private readonly double roundSeconds;
    private readonly int memoryGroups, arithmeticGroups, steps;
    private readonly long chunks; // of 16 bytes, more than caches hold; copying reads one half and writes the other
    private readonly MemoryBuffer1D<U4, Stride1D.Dense> memory, numbers;
    private readonly MemoryBuffer1D<uint, Stride1D.Dense> wordSums;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> sums;

    /// <summary>Measures on a backend's device.</summary>
    /// <param name="backend">Dispose of it after the probe. It must not be in use during a measurement.</param>
    public GpuLimitProbe(GpuBackend backend)
        : this((backend ?? throw new ArgumentNullException(nameof(backend))).Device, backend.HasTensorCores) { }

    /// <summary>Measures on a device.</summary>
    /// <param name="device">The device; it must outlive the probe.</param>
    /// <param name="hasTensorCores">Whether to measure matrix instructions; otherwise multiply-adds.</param>
    internal GpuLimitProbe(KernelDevice device, bool hasTensorCores)
    {
        (this.device, this.hasTensorCores) = (device, hasTensorCores);
        bool isCard = device.Accelerator.AcceleratorType == AcceleratorType.Cuda;
        (roundSeconds, steps) = isCard ? (0.05, 1 << 12) : (0.02, 1 << 10);
        memoryGroups = device.Processors * LimitKernels.GroupsPerProcessor;
        arithmeticGroups = device.Processors * LimitKernels.ArithmeticGroupsPerProcessor;
        long piece = 4L * memoryGroups * LimitKernels.Threads; // chunks that all threads read in one turn
        chunks = 2 * piece * Math.Max(1, (isCard ? 1L << 30 : 1L << 26) / (2 * piece * sizeof(U4)));
        memory = device.Accelerator.Allocate1D<U4>(chunks);
        memory.MemSetToZero(device.Stream);
        wordSums = device.Accelerator.Allocate1D<uint>(memoryGroups * LimitKernels.Threads);
        sums = device.Accelerator.Allocate1D<float>(arithmeticGroups * LimitKernels.Threads);
        numbers = device.Accelerator.Allocate1D<U4>(32 * 4);
        device.Write<U4>(MixedNumbers(), numbers.View.BaseView);
    }

    /// <summary>Bytes read by one launch.</summary>
    private double ReadBytes => (double)chunks * sizeof(U4);

    /// <summary>Operations of one launch.</summary>
    private double Flops => (double)arithmeticGroups * LimitKernels.Threads * steps
        * (hasTensorCores ? LimitKernels.Squares * LimitKernels.SquareFlops / 32.0 : 2 * LimitKernels.Chains);

    /// <summary>Measures now; takes half a second on a card.</summary>
    public GpuLimits Measure()
    {
        double read = Seconds(Read), copy = Seconds(Copy), multiply = Seconds(Multiply);
        return new GpuLimits(ReadBytes / read / 1e9, ReadBytes / copy / 1e9, Flops / multiply / 1e9, hasTensorCores);
    }

    /// <summary>Measures how fast page-locked host memory is copied to the device: the bound on loading.</summary>
    /// <returns>GB/s.</returns>
    public double MeasureUpload()
    {
        using PageLockedArray1D<byte> staging = device.Accelerator.AllocatePageLocked1D<byte>(Math.Min(StagingBytes, memory.LengthInBytes));
        staging.Span.Fill(1);
        ArrayView<byte> target = memory.View.BaseView.Cast<byte>().SubView(0, staging.Length);
        return staging.Length / Seconds(() => target.CopyFromCPUUnsafeAsync(device.Stream, ref staging.Span[0], staging.Length)) / 1e9;
    }

    /// <summary>Queues one read of the memory.</summary>
    private void Read() => device.Launch(LimitKernels.Read, new LaunchGrid(memoryGroups), new LimitKernels.MemoryArgs
    {
        X = memory.View,
        Sums = wordSums.View,
        Count = chunks,
    });

    /// <summary>Queues one copy of its first half to its second.</summary>
    private void Copy() => device.Launch(LimitKernels.Copy, new LaunchGrid(memoryGroups), new LimitKernels.MemoryArgs
    {
        X = memory.View.BaseView.SubView(0, chunks / 2),
        Y = memory.View.BaseView.SubView(chunks / 2, chunks / 2),
        Count = chunks / 2,
    });

    private Kernel<LimitKernels.ArithmeticArgs> ArithmeticKernel => hasTensorCores ? LimitKernels.Matrices : LimitKernels.MultiplyAdds;

    /// <summary>Queues arithmetic on registers.</summary>
    private void Multiply() =>
        device.Launch(ArithmeticKernel, new LaunchGrid(arithmeticGroups), new LimitKernels.ArithmeticArgs
        {
            Numbers = numbers.View,
            Sums = sums.View,
            Scale = Scale,
            Shift = Shift,
            Steps = steps,
        });

    /// <summary>The shortest time of one piece of work, over rounds that repeat it until they take <see cref="roundSeconds"/>.</summary>
    private double Seconds(Action queue)
    {
        Round(queue, 1); // compiles the kernel
        int count = 1;
        double one;
        for (one = Round(queue, 1); one * count < roundSeconds && count < 1 << 16; one = Round(queue, count))
            count = (int)Math.Min(1 << 16, Math.Max(2 * count, 1.2 * roundSeconds / one));
        for (int round = 1; round < Rounds; round++) one = Math.Min(one, Round(queue, count));
        return one;
    }

    private double Round(Action queue, int count)
    {
        device.Wait();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++) queue();
        device.Wait();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
    }

    // Numbers of mixed signs and sizes. A card that multiplies only zeros draws less power and runs faster than in real work.
    private static U4[] MixedNumbers()
    {
        var random = new Random(1);
        uint Pair() => Word() | Word() << 16;
        uint Word() => (uint)random.Next(2) << 15 | (uint)(126 + random.Next(2)) << 7 | (uint)random.Next(128); // +-0.5 to +-2
        U4[] numbers = new U4[32 * 4];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = new U4 { X = Pair(), Y = Pair(), Z = Pair(), W = Pair() };
        return numbers;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        device.Wait();
        memory.Dispose();
        numbers.Dispose();
        wordSums.Dispose();
        sums.Dispose();
    }
}
