using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>The block sizes of <see cref="TiledAttention{V}"/>, and the scratch memory that follows from them.</summary>
internal static class AttentionBlocks
{
    /// <summary>Rows of a job item, for all of which a block of keys and values is packed once.</summary>
    public const int MostRows = 384;

    /// <summary>Rows whose scores exist at a time.</summary>
    public const int ScoreRows = 96;

    /// <summary>Keys of a block.</summary>
    public const int MostKeys = Tile.Stride;

    /// <summary>Keys that a decode step attends to in one piece.</summary>
    public const int LongestPiece = 384;

    /// <summary>Pieces times key-value heads: enough for all threads.</summary>
    public const int EnoughItems = 32;

    // No tile has more rows.
    private const int MostRounding = 12;

    /// <summary>Floats that all pieces of the keys leave, for heads of up to <see cref="Tile.Stride"/>: only queries whose rows are one block are cut into pieces.</summary>
    public static long SharedFloats => 2L * EnoughItems * ScoreRows * (2 + Tile.Stride);

    /// <summary>Floats of each thread at the most, for heads of up to <see cref="Tile.Stride"/>: queries and sums of an item, scores, a block of keys and of values.</summary>
    public static long ThreadFloats =>
        (MostRows + MostRounding) * (2L * Tile.Stride + 2) + ScoreRows * Tile.Stride + MostKeys * 2L * Tile.Stride;
}
