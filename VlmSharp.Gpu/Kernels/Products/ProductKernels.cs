using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>The kernels of the products by a weight's format.</summary>
internal static class ProductKernels<TCore> where TCore : struct, ICore
{
    private static readonly DType[] Formats = [DType.F32, DType.BF16, DType.F16, DType.Int8, DType.Int4];

    /// <summary>All, to load and to prove each.</summary>
    public static IEnumerable<Kernel> All =>
    [
        PartSum.Kernel,
        ProductPadding.Kernel,
        PatchKernels.Flatten,
        PatchKernels.Positions(DType.F32),
        PatchKernels.Positions(DType.BF16),
        PatchKernels.Positions(DType.F16),
        .. Formats.SelectMany(format => new Kernel[] { Linear(format), Gated(format), Three(format) }),
        .. Tiles.SelectMany(rows => Formats.Select(format => Tiled(rows, format).Kernel)),
    ];

    /// <summary>Rows of the tiles that the core has, smallest first.</summary>
    public static IReadOnlyList<int> Tiles { get; } = TCore.MultipliesBFloat16 ? [16, 32, 64, 128] : [16, 64];

    /// <summary>A linear layer for few rows.</summary>
    public static Kernel<RowArgs> Linear(DType format) => format switch
    {
        DType.F32 => RowProduct<TCore, Float32Format>.Linear,
        DType.BF16 => RowProduct<TCore, BFloat16Format>.Linear,
        DType.F16 => RowProduct<TCore, Float16Format>.Linear,
        DType.Int8 => RowProduct<TCore, Int8Format>.Linear,
        _ => RowProduct<TCore, Int4Format>.Linear,
    };

    /// <summary>A gated linear layer for few rows.</summary>
    public static Kernel<GatedRowArgs> Gated(DType format) => format switch
    {
        DType.F32 => RowProduct<TCore, Float32Format>.Gated,
        DType.BF16 => RowProduct<TCore, BFloat16Format>.Gated,
        DType.F16 => RowProduct<TCore, Float16Format>.Gated,
        DType.Int8 => RowProduct<TCore, Int8Format>.Gated,
        _ => RowProduct<TCore, Int4Format>.Gated,
    };

    /// <summary>Three linear layers of the same few rows.</summary>
    public static Kernel<ThreeRowsArgs> Three(DType format) => format switch
    {
        DType.F32 => RowProduct<TCore, Float32Format>.Three,
        DType.BF16 => RowProduct<TCore, BFloat16Format>.Three,
        DType.F16 => RowProduct<TCore, Float16Format>.Three,
        DType.Int8 => RowProduct<TCore, Int8Format>.Three,
        _ => RowProduct<TCore, Int4Format>.Three,
    };

    /// <summary>A product for many rows, by tiles of so many.</summary>
    public static TiledKernel Tiled(int rows, DType format) => rows switch
    {
        16 => Tiled<Tile16>(format),
        32 => Tiled<Tile32>(format),
        64 => Tiled<Tile64>(format),
        _ => Tiled<Tile128>(format),
    };

    private static TiledKernel Tiled<TTile>(DType format) where TTile : struct, ITile => format switch
    {
        DType.F32 => Tiled<TTile, Float32Format>(),
        DType.BF16 => Tiled<TTile, BFloat16Format>(),
        DType.F16 => Tiled<TTile, Float16Format>(),
        DType.Int8 => Tiled<TTile, Int8Format>(),
        _ => Tiled<TTile, Int4Format>(),
    };

    private static TiledKernel Tiled<TTile, TFormat>() where TTile : struct, ITile where TFormat : struct, INumberFormat =>
        new(TiledProduct<TCore, TTile, TFormat>.Kernel, TiledProduct<TCore, TTile, TFormat>.SharedBytes);
}

/// <summary>A kernel by tiles and the shared memory that it asks for.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="SharedBytes">Bytes at launch.</param>
internal readonly record struct TiledKernel(Kernel<TiledArgs> Kernel, int SharedBytes);
