using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using Xunit.Abstractions;
using Kernel = VlmSharp.Gpu.Launching.Kernel;

namespace VlmSharp.Gpu.Tests.Ladder;

/// <summary>
/// Two products from the first idea to the backend's own kernel. Every rung gives the right numbers and, by the counts of the PTX machine,
/// reduces the cost that it is about. The test prints the table.
/// </summary>
public sealed class LadderTests(ITestOutputHelper output) : IDisposable
{
    // Global memory is only read, except for y, whose numbers are checked, so it need not be watched.
    private readonly PtxDevice device = new() { Machine = { WatchesGlobalMemory = false } };
    private readonly List<IDisposable> buffers = [];

    /// <summary>The cost of a rung.</summary>
    /// <param name="Name">What it does.</param>
    /// <param name="Instructions">Instructions of threads for each multiply-add.</param>
    /// <param name="Bytes">Bytes of the sectors that loads touch, for each byte of the two operands.</param>
    private readonly record struct Rung(string Name, double Instructions, double Bytes);

    [Fact]
    public void A_matrix_times_a_vector()
    {
        const int Outputs = 64, Inputs = 2048;
        var product = new Product(1, Inputs, Outputs);
        var args = new VectorArgs { W = View(product.BitsOfW), X = View(product.BitsOfX), Y = View(new float[Outputs]), Columns = Inputs };
        Rung thread = Climb(product, VectorRungs.Thread, new LaunchGrid(Outputs / 32), args, args.Y);
        Rung row = Climb(product, VectorRungs.Row, new LaunchGrid(Outputs), args, args.Y);
        Rung chunk = Climb(product, VectorRungs.Chunk, new LaunchGrid(Outputs), args, args.Y);
        Rung backend = Top(product, ProductKernels<TensorCore>.Linear(DType.BF16), "the backend's: four rows share x");
        Print(product, thread, row, chunk, backend);
        Assert.True(row.Bytes < thread.Bytes / 4);
        Assert.True(chunk.Instructions < row.Instructions / 2);
        Assert.True(chunk.Bytes <= row.Bytes);
        Assert.True(backend.Bytes < chunk.Bytes);
        Assert.True(backend.Instructions < chunk.Instructions);
    }

    [Fact]
    public void A_matrix_times_a_matrix()
    {
        const int Rows = 128, Outputs = 128, Inputs = 1024;
        var product = new Product(Rows, Inputs, Outputs);
        var args = new MatrixArgs
        {
            X = View(product.BitsOfX),
            W = View(product.BitsOfW),
            Y = View(new float[Rows * Outputs]),
            Depth = Inputs,
            Columns = Outputs,
        };
        LaunchGrid small = new(Outputs / MatrixRungs.Small, Rows / MatrixRungs.Small);
        LaunchGrid large = new(Outputs / MatrixRungs.Large, Rows / MatrixRungs.Large);
        Rung thread = Climb(product, MatrixRungs.Thread, small, args, args.Y);
        Rung tile = Climb(product, MatrixRungs.Tile, small, args, args.Y);
        Rung square = Climb(product, MatrixRungs.Square, large, args, args.Y);
        Rung backend = Top(product, ProductKernels<TensorCore>.Tiled<RowsByRows>(128, DType.BF16).Kernel, "the backend's: tensor cores");
        Print(product, thread, tile, square, backend);
        Assert.True(tile.Bytes < thread.Bytes / 16);
        Assert.True(square.Instructions < tile.Instructions / 2);
        Assert.True(square.Bytes < tile.Bytes);
        Assert.True(backend.Instructions < square.Instructions / 8);
        Assert.True(backend.Bytes < square.Bytes);
    }

    public void Dispose()
    {
        foreach (IDisposable buffer in buffers) buffer.Dispose();
        device.Dispose();
    }

    private ArrayView<T> View<T>(T[] values) where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense> buffer = device.Accelerator.Allocate1D(values);
        buffers.Add(buffer);
        return buffer.View.BaseView;
    }

    /// <summary>Runs a kernel of the ladder.</summary>
    private Rung Climb<TArgs>(Product product, Kernel<TArgs> kernel, LaunchGrid grid, TArgs args, ArrayView<float> result)
        where TArgs : struct
    {
        float[] y = new float[result.Length];
        device.Write<float>(y, result); // nothing is left of the previous rung
        device.Launch(kernel, grid, args);
        device.Read(result, y.AsSpan());
        return Cost(product, device.Reports[kernel], kernel.Name, y);
    }

    /// <summary>Runs the backend's linear layer, which is this kernel.</summary>
    private static Rung Top(Product product, Kernel kernel, string name)
    {
        var single = new PtxDevice { ProcessorCount = 1 }; // for one multiprocessor the backend takes its largest tile
        using var b = new GpuBackend(single, "ptx", "PTX machine", useTensorCores: true);
        using Weight w = b.LoadWeight(product.W);
        using Matrix x = b.Upload(product.X, product.Rows, product.Inputs), y = b.Linear(x, w);
        float[] values = new float[y.Length];
        b.Download(y, values);
        return Cost(product, single.Reports[kernel], name, values);
    }

    private static Rung Cost(Product product, PtxReport report, string name, float[] y)
    {
        product.AssertIs(y, name);
        return new Rung(name, report.ThreadInstructions / product.MultiplyAdds, report.SectorsRead * Sectors.Bytes / product.OperandBytes);
    }

    private void Print(Product product, params Rung[] rungs)
    {
        output.WriteLine($"[{product.Rows}, {product.Inputs}] x [{product.Outputs}, {product.Inputs}]^T");
        output.WriteLine("| rung | instructions / multiply-add | bytes moved / useful byte |");
        output.WriteLine("| --- | --- | --- |");
        foreach (Rung rung in rungs)
            output.WriteLine(FormattableString.Invariant($"| {rung.Name} | {rung.Instructions:G3} | {rung.Bytes:G3} |"));
    }
}
