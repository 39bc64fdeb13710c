using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>Small kernels in C#, compiled by ILGPU to PTX.</summary>
public class PtxDeviceTests
{
    internal struct Inner
    {
        public byte Flag;
        public ArrayView<float> B;
    }

    internal struct AddArgs
    {
        public int N;
        public ArrayView<float> A;
        public Inner Inner;
        public float Scale;
        public double Offset;
        public ArrayView<float> Y;
    }

    internal struct SumArgs
    {
        public ArrayView<float> X, Y;
    }

    private static void Add(AddArgs g)
    {
        int i = Grid.GlobalIndex.X;
        if (i < g.N) g.Y[i] = g.A[i] + g.Scale * g.Inner.B[i] + (float)g.Offset + g.Inner.Flag;
    }

    private static void Sum<TCore>(SumArgs g) where TCore : struct, IGroupCore =>
        g.Y[Grid.GlobalIndex.X] = TCore.Sum(g.X[Grid.GlobalIndex.X]);

    internal struct MixedArgs
    {
        public ArrayView<double> X;
        public ArrayView<float> Y;
        public ArrayView<int> Counts;
    }

    /// <summary>Doubles, longs, a switch, atomic changes of both memories, an array of the thread.</summary>
    private static void Mixed(MixedArgs g)
    {
        ArrayView<int> most = SharedMemory.Allocate<int>(1);
        int i = Grid.GlobalIndex.X, thread = Group.IdxX;
        if (thread == 0) most[0] = -1;
        Group.Barrier();
        Atomic.Max(ref most[0], thread);
        Atomic.Add(ref g.Counts[0], IntrinsicMath.PopCount(i));
        ArrayView<double> powers = LocalMemory.Allocate<double>(4);
        powers[0] = 1;
        for (int k = 1; k < 4; k++) powers[k] = powers[k - 1] * g.X[i];
        double y = Math.Max(powers[3], -5.0) / 3;
        switch (i % 5)
        {
            case 0: y += 10; break;
            case 1: y = Math.Abs(y); break;
            case 2: y -= (long)g.X[i] * 1000000007L % 13; break;
            case 3: y = -y; break;
        }

        Group.Barrier();
        g.Y[i] = (float)y + most[0];
    }

    [Fact]
    public void Doubles_switches_and_atomic_changes()
    {
        using var device = new PtxDevice();
        var kernel = new Kernel<MixedArgs>("mixed", Mixed, 64);
        double[] numbers = [.. Enumerable.Range(0, 256).Select(i => (i - 100) * 0.37)];
        using var x = device.Accelerator.Allocate1D(numbers);
        using var y = device.Accelerator.Allocate1D<float>(256);
        using var counts = device.Accelerator.Allocate1D(new int[1]);
        device.Launch(kernel, new LaunchGrid(4), new MixedArgs { X = x.View, Y = y.View, Counts = counts.View });
        float Expected(double x, int i)
        {
            double y = Math.Max(x * x * x, -5) / 3;
            y = (i % 5) switch { 0 => y + 10, 1 => Math.Abs(y), 2 => y - (long)x * 1000000007L % 13, 3 => -y, _ => y };
            return (float)y + 63;
        }

        Assert.Equal(numbers.Select(Expected), y.GetAsArray1D());
        Assert.Equal(Enumerable.Range(0, 256).Sum(int.PopCount), counts.GetAsArray1D()[0]);
        Assert.True(PtxLint.Of(kernel).UsesLocalMemory);
    }

    [Fact]
    public void A_struct_of_views_and_numbers_arrives()
    {
        using var device = new PtxDevice();
        var kernel = new Kernel<AddArgs>("add", Add, 128);
        float[] numbers = [.. Enumerable.Range(0, 1000).Select(i => i * 0.5f)];
        using var a = device.Accelerator.Allocate1D(numbers);
        using var b = device.Accelerator.Allocate1D(numbers);
        using var y = device.Accelerator.Allocate1D<float>(1000);
        var inner = new Inner { Flag = 3, B = b.View };
        device.Launch(kernel, new LaunchGrid(8), new AddArgs { N = 1000, A = a.View, Inner = inner, Scale = 2, Offset = 0.25, Y = y.View });
        Assert.Equal(numbers.Select(x => x + 2 * x + 0.25f + 3), y.GetAsArray1D());
    }

    [Fact]
    public void A_view_ends_where_it_ends_whatever_lies_behind()
    {
        using var device = new PtxDevice();
        var kernel = new Kernel<SumArgs>("sum", Sum<TensorCore>, 32);
        using var x = device.Accelerator.Allocate1D<float>(64);
        using var y = device.Accelerator.Allocate1D<float>(64);
        device.Launch(kernel, new LaunchGrid(2), new SumArgs { X = x.View, Y = y.View });
        var shorter = new SumArgs { X = x.View.SubView(0, 63), Y = y.View };
        var fault = Assert.Throws<PtxException>(() => device.Launch(kernel, new LaunchGrid(2), shorter));
        Assert.Equal(PtxFault.OutOfBounds, fault.Fault);
        Assert.Contains("[sum]", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_driver_would_refuse_is_refused()
    {
        using var device = new PtxDevice();
        var kernel = new Kernel<SumArgs>("sum", Sum<TensorCore>, 32);
        using var x = device.Accelerator.Allocate1D<float>(32);
        int declared = PtxLint.Of(kernel).StaticSharedBytes;
        Assert.True(declared > 0);
        var args = new SumArgs { X = x.View, Y = x.View };
        device.Launch(kernel, new LaunchGrid(1, SharedBytes: device.MostSharedBytes - declared), args);
        var launch = new LaunchGrid(1, SharedBytes: device.MostSharedBytes - declared + 1);
        Assert.Equal(PtxFault.Refused, Assert.Throws<PtxException>(() => device.Launch(kernel, launch, args)).Fault);
        device.Launch(kernel, new LaunchGrid(0), default(SumArgs));
    }

    [Fact]
    public void Groups_are_summed_with_shuffles_and_without()
    {
        using var device = new PtxDevice();
        float[] numbers = [.. Enumerable.Range(0, 512).Select(i => (float)(i % 37))];
        foreach (Kernel<SumArgs> kernel in new[] { new Kernel<SumArgs>("sum", Sum<TensorCore>, 256), new Kernel<SumArgs>("sum",
            Sum<PortableCore>, 256) })
        {
            using var x = device.Accelerator.Allocate1D(numbers);
            using var y = device.Accelerator.Allocate1D<float>(512);
            device.Launch(kernel, new LaunchGrid(2), new SumArgs { X = x.View, Y = y.View });
            Assert.Equal(Enumerable.Repeat(numbers[..256].Sum(), 256).Concat(Enumerable.Repeat(numbers[256..].Sum(), 256)),
                y.GetAsArray1D());
        }
    }
}
