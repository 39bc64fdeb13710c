namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The block sizes of <see cref="ManyRowsProduct{V, P}"/> and <see cref="GradientProduct{V}"/>, and the resulting scratch memory.
/// </summary>
internal static class ProductBlocks
{
    /// <summary>Rows of x that are packed together, before rounding up to whole panels.</summary>
    public const int MostRows = 384;

    /// <summary>Rows of W in a job item, for each product of a gated layer, before rounding up to whole tiles.</summary>
    public const int MostOutputs = 96;

    /// <summary>
    /// Packed activations of more floats than this, 4 MB, are prefetched panel by panel, since no second-level cache holds them.
    /// </summary>
    public const int FarFloats = 1 << 20;

    /// <summary>Patches that are gathered into rows together, at least those of one picture.</summary>
    public const int PatchRows = 1024;

    /// <summary>Columns in a job item of <see cref="GradientProduct{V}"/>.</summary>
    public const int GradientColumns = 128;

    /// <summary>Job items for each thread, so that an interrupted thread takes fewer.</summary>
    public const int ItemsPerThread = 4;

    /// <summary>The length of a sum that <see cref="GradientProduct{V}"/> packs at a time: whole blocks of a tile.</summary>
    public const int GradientDepth = 128 * Tile.Stride;

    /// <summary>
    /// Floats of its packed left operand: <see cref="MostRows"/> rows of <see cref="GradientDepth"/>, or more rows of shorter sums.
    /// </summary>
    public const long GradientFloats = (long)MostRows * GradientDepth;

    // The most rows of any panel or tile.
    private const int MostRounding = 32;

    /// <summary>The most floats of packed activations.</summary>
    /// <param name="widest">The longest row of x.</param>
    public static long SharedFloats(long widest) => (MostRows + MostRounding) * widest;

    /// <summary>The most floats of each thread: a block of widened weights, and the sums of a gated layer's two products.</summary>
    public static long ThreadFloats => 2 * (MostOutputs + MostRounding) * (Tile.Stride + (long)(MostRows + MostRounding));
}
