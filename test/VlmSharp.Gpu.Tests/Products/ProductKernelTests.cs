using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Products;

/// <summary>Properties of the products' PTX that can be checked without a card.</summary>
public sealed class ProductKernelTests
{
    [Fact]
    public void Weights_are_loaded_16_bytes_at_a_time()
    {
        foreach (DType format in Enum.GetValues<DType>())
        {
            int loads = format switch { DType.F32 => 9, DType.Int8 => 6, DType.Int4 or DType.Nf4 => 8, _ => 5 }; // 4 rows of W, 8 in f32; x
            Kernel[] kernels =
            [
                ProductKernels<TensorCore>.Linear(format),
                ProductKernels<TensorCore>.Gated(format),
                ProductKernels<TensorCore>.Three(format),
            ];
            foreach (Kernel kernel in kernels) Assert.Equal(loads, PtxLint.Of(kernel).GlobalLoads[16]);
        }
    }

    [Fact]
    public void Tiles_fit_into_shared_memory()
    {
        foreach (int rows in ProductKernels<TensorCore>.Tiles)
        {
            Assert.InRange(ProductKernels<TensorCore>.Tiled<RowsByRows>(rows, DType.BF16).SharedBytes, rows * 512, 99 * 1024);
            Assert.InRange(ProductKernels<TensorCore>.Tiled<ColumnsByColumns>(rows, DType.BF16).SharedBytes, rows * 512, 99 * 1024);
        }
    }

    /// <summary>The shapes take every tile once.</summary>
    [Theory]
    [InlineData(1, 2112, 6)]
    [InlineData(16, 192, 130)]
    [InlineData(30, 128, 130)]
    [InlineData(60, 128, 132)]
    [InlineData(130, 192, 150)]
    public void No_two_threads_want_the_same_bank(int rows, int inputs, int outputs)
    {
        var device = new PtxDevice { ProcessorCount = 1 };
        using var b = new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true);
        foreach (DType format in Enum.GetValues<DType>())
        {
            using Weight w = b.LoadWeight(RandomWeight.Of(format, outputs, inputs, 1));
            using Matrix x = b.Upload(new float[rows * inputs], rows, inputs);
            b.Linear(x, w).Dispose();
        }

        Assert.Contains(device.Reports, pair => pair.Key.Name.Contains("product", StringComparison.Ordinal));
        Assert.All(device.Reports, pair =>
            Assert.True(pair.Value.ExtraPasses == 0, $"{pair.Key}: {pair.Value.Conflicts().FirstOrDefault()}"));
    }

    /// <summary>The tile and the split of the depth on a device of 132 multiprocessors.</summary>
    [Theory]
    [InlineData(8, 2048, 2048, 16, 8)] // 16 groups are too few
    [InlineData(8, 2048, 16384, 16, 1)]
    [InlineData(256, 1152, 1152, 16, 1)] // 144 groups
    [InlineData(4096, 1152, 4304, 128, 1)]
    [InlineData(16, 16384, 2048, 16, 8)]
    public void Groups_are_as_many_as_the_device_has_processors(int rows, int inputs, int outputs, int tile, int parts)
    {
        var plan = ProductPlan.Of<TensorCore>(rows, inputs / 8, outputs, 132);
        Assert.Equal((tile, parts), (plan.TileRows, plan.Parts));
        Assert.True(plan.Steps * 32 >= inputs);
    }
}
