using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>The product kernels, by the weight's format.</summary>
internal static class ProductKernels<TCore> where TCore : struct, ICore
{
    private static readonly DType[] Formats = [DType.F32, DType.BF16, DType.F16, DType.Int8, DType.Int4, DType.Nf4];

    /// <summary>All kernels, so that each can be loaded and verified.</summary>
    public static IEnumerable<Kernel> All =>
    [
        PartSum.Kernel,
        ProductPadding.Kernel,
        PatchKernels.Flatten,
        PositionRows<Float32Format>.Kernel,
        PositionRows<BFloat16Format>.Kernel,
        PositionRows<Float16Format>.Kernel,
        .. Formats.SelectMany(format => new Kernel[] { Linear(format), Gated(format), Three(format) }),
        .. Tiles.SelectMany(rows => Formats.Select(format => Tiled<RowsByRows>(rows, format).Kernel)),
        .. Tiles.SelectMany(rows => Formats.Select(format => Tiled<RowsByColumns>(rows, format).Kernel)),
        .. Tiles.Select(rows => Tiled<ColumnsByColumns>(rows, Activations).Kernel),
    ];

    /// <summary>The row counts of the core's tiles, smallest first.</summary>
    public static IReadOnlyList<int> Tiles { get; } = TCore.MultipliesBFloat16 ? [16, 32, 64, 128] : [16, 64];

    /// <summary>The format that activations are multiplied in.</summary>
    public static DType Activations => TCore.MultipliesBFloat16 ? DType.BF16 : DType.F32;

    /// <summary>A linear layer for few rows.</summary>
    public static Kernel<RowArgs> Linear(DType format) => Of(format).Linear;

    /// <summary>A gated linear layer for few rows.</summary>
    public static Kernel<GatedRowArgs> Gated(DType format) => Of(format).Gated;

    /// <summary>Three linear layers of the same few rows.</summary>
    public static Kernel<ThreeRowsArgs> Three(DType format) => Of(format).Three;

    /// <summary>A product for many rows, by tiles of <paramref name="rows"/> rows.</summary>
    public static TiledKernel Tiled<TForm>(int rows, DType format) where TForm : struct, IProductForm => format switch
    {
        DType.F32 => Tiled<TForm, Float32Format>(rows),
        DType.BF16 => Tiled<TForm, BFloat16Format>(rows),
        DType.F16 => Tiled<TForm, Float16Format>(rows),
        DType.Int8 => Tiled<TForm, Int8Format>(rows),
        DType.Int4 => Tiled<TForm, Int4Format>(rows),
        DType.Nf4 => Tiled<TForm, Nf4Format>(rows),
        _ => throw Unknown(format),
    };

    private static FormatKernels Of(DType format) => format switch
    {
        DType.F32 => Of<Float32Format>(),
        DType.BF16 => Of<BFloat16Format>(),
        DType.F16 => Of<Float16Format>(),
        DType.Int8 => Of<Int8Format>(),
        DType.Int4 => Of<Int4Format>(),
        DType.Nf4 => Of<Nf4Format>(),
        _ => throw Unknown(format),
    };

    private static NotSupportedException Unknown(DType format) => new($"The GPU backend has no kernel for weights stored as {format}.");

    private static FormatKernels Of<TFormat>() where TFormat : struct, INumberFormat =>
        new(RowProduct<TCore, TFormat>.Linear, RowProduct<TCore, TFormat>.Gated, RowProduct<TCore, TFormat>.Three);

    private static TiledKernel Tiled<TForm, TFormat>(int rows) where TForm : struct, IProductForm where TFormat : struct, INumberFormat =>
        rows switch
        {
            16 => Tiled<TForm, Tile16, TFormat>(),
            32 => Tiled<TForm, Tile32, TFormat>(),
            64 => Tiled<TForm, Tile64, TFormat>(),
            128 => Tiled<TForm, Tile128, TFormat>(),
            _ => throw new ArgumentOutOfRangeException(nameof(rows), rows, "There are no tiles of so many rows."),
        };

    private static TiledKernel Tiled<TForm, TTile, TFormat>()
        where TForm : struct, IProductForm where TTile : struct, ITile where TFormat : struct, INumberFormat =>
        new(TiledProduct<TCore, TForm, TTile, TFormat>.Kernel, TiledProduct<TCore, TForm, TTile, TFormat>.SharedBytes);

    private readonly record struct FormatKernels(Kernel<RowArgs> Linear, Kernel<GatedRowArgs> Gated, Kernel<ThreeRowsArgs> Three);
}

/// <summary>A tile kernel and the shared memory that it needs.</summary>
/// <param name="Kernel">Computes one tile with each group of threads.</param>
/// <param name="SharedBytes">Bytes requested at launch.</param>
internal readonly record struct TiledKernel(Kernel<TiledArgs> Kernel, int SharedBytes);
