namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// How 16 bytes of a matrix become numbers, as a type argument of the kernels. Rows are whole chunks; a thread loads one chunk at a time.
/// </summary>
internal interface INumberFormat
{
    /// <summary>Eights of numbers in a chunk.</summary>
    static abstract int ChunkEights { get; }

    /// <summary>Whether a chunk is eight bf16 numbers, which tensor cores use directly.</summary>
    static abstract bool IsBFloat16 { get; }

    /// <summary>Loads a chunk.</summary>
    static abstract U8 Load(in Operand matrix, long chunk);

    /// <summary>The eight at a place in the chunk, not yet scaled.</summary>
    static abstract F8 Eight(in Operand matrix, U8 chunk, int place);

    /// <summary>The factor of the chunk's numbers.</summary>
    static abstract float Scale(in Operand matrix, long chunk);
}
