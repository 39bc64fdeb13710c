using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Operators;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Kernels;

/// <summary>Properties of every kernel's PTX that can be checked without a card.</summary>
public sealed class KernelTextTests
{
    private const int MostStaticShared = 48 * 1024;

    // Kernels that stream weights, keys or bf16, by the beginning of their names: a narrower load would waste bandwidth.
    private static readonly string[] Streaming =
    [
        "row product", "gated row product", "three row products", "product of ", "product by columns", "positions",
        "flash attention", "decode attention", "attention statistics", "attention residuals", "attention gradient", "CopyKeyValues",
        "widen",
        "Gelu", "GatedGelu", "SoftCapGradient", "Scale", "Dropout", "SumOfSquares.Piece",
        "limit: read", "limit: copy",
    ];

    // Joins a few partial sums.
    private const string Joining = "decode attention, pieces joined";

    public static TheoryData<string> TensorCoreKernels() => [.. GpuOperators<TensorCore>.Kernels.Select(kernel => kernel.Name)];

    public static TheoryData<string> PortableKernels() => [.. GpuOperators<PortableCore>.Kernels.Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(TensorCoreKernels))]
    public void On_tensor_cores_a_kernel_fits_the_registers_and_loads_whole_chunks(string name)
    {
        Kernel kernel = GpuOperators<TensorCore>.Kernels.Single(k => k.Name == name);
        PtxLint lint = PtxLint.Of(kernel);
        Assert.False(lint.UsesLocalMemory);
        Assert.True(lint.LiveRegisters <= kernel.MostRegisters,
            $"{lint.LiveRegisters} live registers at {lint.LiveAt}; there are {kernel.MostRegisters}.");
        Assert.InRange(lint.StaticSharedBytes, 0, MostStaticShared);
        if (name != Joining && Streaming.Any(start => name.StartsWith(start, StringComparison.Ordinal))) Assert.Equal(16, lint.WidestRead);
    }

    /// <summary>Cards below compute capability 8.0 run these.</summary>
    [Theory]
    [MemberData(nameof(PortableKernels))]
    public void A_portable_kernel_is_no_more_than_old_cards_take(string name)
    {
        Kernel kernel = GpuOperators<PortableCore>.Kernels.Single(k => k.Name == name);
        string ptx = PtxCompiler.Compile(kernel);
        Assert.InRange(PtxLint.Of(ptx).StaticSharedBytes, 0, MostStaticShared);
        Assert.DoesNotContain("mma.sync", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("ldmatrix", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("cp.async", ptx, StringComparison.Ordinal);
    }

    /// <summary>Every name in the table is the name of a kernel.</summary>
    [Fact]
    public void What_must_load_whole_chunks_exists() =>
        Assert.All(Streaming.Append(Joining), start =>
            Assert.Contains(GpuOperators<TensorCore>.Kernels, k => k.Name.StartsWith(start, StringComparison.Ordinal)));
}
