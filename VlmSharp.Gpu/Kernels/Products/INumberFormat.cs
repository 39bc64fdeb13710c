namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// How 16 bytes of a matrix become numbers, as a type argument of the kernels. Rows are whole chunks; a chunk is what one thread loads at
/// a time.
/// </summary>
internal interface INumberFormat
{
    /// <summary>Eights of numbers in a chunk.</summary>
    static abstract int ChunkEights { get; }

    /// <summary>Whether a chunk is eight bf16 numbers, which tensor cores take as they are.</summary>
    static abstract bool IsBFloat16 { get; }

    /// <summary>Loads a chunk.</summary>
    static abstract U8 Load(in Operand matrix, long chunk);

    /// <summary>The chunk's eight of that place, not yet scaled.</summary>
    static abstract F8 Eight(in Operand matrix, U8 chunk, int place);

    /// <summary>What the chunk's numbers are to be multiplied by.</summary>
    static abstract float Scale(in Operand matrix, long chunk);
}
