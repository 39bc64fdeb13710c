using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The operands of <see cref="ManyRowsProduct{V, P}"/>: elements of 32 bits, each a float or a few integers. It defines the layout of
/// weights and activations, and the tile that multiplies them.
/// </summary>
internal unsafe interface ITileProduct
{
    /// <summary>
    /// Distance between the rows of the left operand, in elements: the elements of <see cref="Tile.Stride"/> numbers, and a scale per
    /// group.
    /// </summary>
    static abstract int Stride { get; }

    /// <summary>Elements that hold k numbers.</summary>
    static abstract int Elements(int k);

    /// <summary>Rows of a panel for k numbers of each column: elements, scales and corrections.</summary>
    static abstract int PanelRows(int k);

    /// <summary>Unpacks a part of a row of weights into a row of the left operand.</summary>
    /// <param name="weight">The matrix, in the format that the product unpacks.</param>
    /// <param name="row">The row of the weights.</param>
    /// <param name="column">First column; a multiple of <see cref="Tile.Stride"/>.</param>
    /// <param name="count">Columns, at most <see cref="Tile.Stride"/>.</param>
    /// <param name="target">[<see cref="Stride"/>].</param>
    static abstract void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>;

    /// <summary>Packs some columns of some rows of activations into a panel.</summary>
    /// <param name="x">[rows, xStride].</param>
    /// <param name="xStride">Distance between rows of x.</param>
    /// <param name="rows">Rows of x, at most <paramref name="width"/>; the panel's other columns are left unchanged.</param>
    /// <param name="k">Columns of x, at most <see cref="Tile.Stride"/>, whole groups.</param>
    /// <param name="panel">[PanelRows(k), width].</param>
    /// <param name="width">Columns of the panel.</param>
    static abstract void Pack(float* x, nint xStride, int rows, int k, float* panel, int width);

    /// <summary>
    /// One full-width tile: c[r, j] (+)= sum_k a[r, k] b[k, j] over <see cref="Tile.Rows{V}"/> rows and 2 V.Count columns.
    /// </summary>
    /// <param name="a">[Rows, <see cref="Stride"/>].</param>
    /// <param name="b">A panel of packed activations, 2 V.Count wide.</param>
    /// <param name="c">[Rows, cStride].</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Elements of the sums, at least 1; whole groups.</param>
    /// <param name="accumulate">Whether the tile is added to the content of c.</param>
    static abstract void Multiply<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V>;

    /// <summary>The same over <see cref="Tile.NarrowRows"/> rows and V.Count columns.</summary>
    static abstract void MultiplyNarrow<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V>;
}
