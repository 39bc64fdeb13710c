using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// What <see cref="Tile"/> multiplies: elements of 32 bits, each a float or a few integers. It says how weights and activations are laid
/// out for it, how elements are multiplied, and how their sums become floats.
/// </summary>
internal unsafe interface ITileProduct
{
    /// <summary>
    /// Distance between the rows of the left operand, in elements: those of <see cref="Tile.Stride"/> numbers, and a scale for each group.
    /// </summary>
    static abstract int Stride { get; }

    /// <summary>Groups of <see cref="Tile.Stride"/> numbers; 0 of floats.</summary>
    static abstract int Groups { get; }

    /// <summary>Elements of a group; 0 of floats, whose sums run through.</summary>
    static abstract int GroupLength { get; }

    /// <summary>Elements that k numbers take.</summary>
    static abstract int Elements(int k);

    /// <summary>Rows of a panel that k numbers of each column take: elements, scales and corrections.</summary>
    static abstract int PanelRows(int k);

    /// <summary>Brings a part of a row of weights into a row of the left operand.</summary>
    /// <param name="weight">The weights.</param>
    /// <param name="row">Which of their rows.</param>
    /// <param name="column">First column; a multiple of <see cref="Tile.Stride"/>.</param>
    /// <param name="count">Columns, at most <see cref="Tile.Stride"/>.</param>
    /// <param name="target">[<see cref="Stride"/>].</param>
    static abstract void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>;

    /// <summary>Brings some columns of some rows of activations into a panel.</summary>
    /// <param name="x">[rows, xStride].</param>
    /// <param name="xStride">Distance between rows of x.</param>
    /// <param name="rows">Rows of x, at most <paramref name="width"/>; the panel's other columns are left alone.</param>
    /// <param name="k">Columns of x, at most <see cref="Tile.Stride"/>, whole groups.</param>
    /// <param name="panel">[PanelRows(k), width].</param>
    /// <param name="width">Columns of the panel.</param>
    static abstract void Pack(float* x, nint xStride, int rows, int k, float* panel, int width);

    /// <summary>sum += a b, of every number that the elements hold.</summary>
    static abstract void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V>;

    /// <summary>
    /// Adds a group's sums to the tile: c[r, j] += s[r] (a[j] sums[r, j] + correction[j]), of floats c[r, j] += sums[r, j].
    /// </summary>
    /// <param name="sums">[rows, columns].</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="columns">Columns of the tile, whole registers.</param>
    /// <param name="c">[rows, cStride].</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="scales">s, <see cref="Stride"/> apart.</param>
    /// <param name="bScales">a [columns].</param>
    /// <param name="corrections">Where the corrections stand, seen from a.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    static abstract void Add<V>(
        float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>;
}
