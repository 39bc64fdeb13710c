using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>The block sizes of <see cref="TiledAttention{V}"/>, and the scratch memory that follows from them.</summary>
internal static class AttentionBlocks
{
    /// <summary>Rows of a job item; a block of keys and values is packed once for all of them.</summary>
    public const int MostRows = 384;

    /// <summary>Rows whose scores are computed at a time.</summary>
    public const int ScoreRows = 96;

    /// <summary>Keys of a block.</summary>
    public const int MostKeys = Tile.Stride;

    /// <summary>Keys that a decode step attends to in one piece.</summary>
    public const int LongestPiece = 384;

    /// <summary>Pieces times key-value heads: enough for all threads.</summary>
    public const int EnoughItems = 32;

    // The most rows of any tile.
    private const int MostRounding = 12;

    /// <summary>
    /// Floats for the results of all pieces of the keys, for heads of up to <see cref="Tile.Stride"/>. The keys are only cut into pieces if
    /// the query rows fit one block.
    /// </summary>
    public static long SharedFloats => 2L * EnoughItems * ScoreRows * (2 + Tile.Stride);

    /// <summary>
    /// The most floats of each thread, for heads of up to <see cref="Tile.Stride"/>: queries and sums of an item, scores, a block of keys
    /// and a block of values.
    /// </summary>
    public static long ThreadFloats =>
        (MostRows + MostRounding) * (2L * Tile.Stride + 2) + ScoreRows * Tile.Stride + MostKeys * 2L * Tile.Stride;
}
