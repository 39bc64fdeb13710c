using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>The operands of <see cref="Tile"/>: how two elements are multiplied, and how their sums become floats.</summary>
internal unsafe interface ITileElements : ITileProduct
{
    /// <summary>Groups of <see cref="Tile.Stride"/> numbers; 0 for floats.</summary>
    static abstract int Groups { get; }

    /// <summary>Elements of a group; 0 for floats, whose sums have no groups.</summary>
    static abstract int GroupLength { get; }

    /// <summary>sum += a b, for every number in the elements.</summary>
    static abstract void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V>;

    /// <summary>
    /// Adds a group's sums to the tile: c[r, j] += s[r] (a[j] sums[r, j] + correction[j]); for floats c[r, j] += sums[r, j], and in the
    /// narrow tile alone.
    /// </summary>
    /// <param name="sums">[rows, columns].</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="columns">Columns of the tile, whole registers.</param>
    /// <param name="c">[rows, cStride].</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="scales">s, <see cref="ITileProduct.Stride"/> apart.</param>
    /// <param name="bScales">a [columns].</param>
    /// <param name="corrections">Offset of the corrections from a.</param>
    /// <param name="accumulate">Whether the sums are added to the content of c.</param>
    static abstract void Add<V>(
        float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>;
}
