
namespace VlmSharp.Compute;

/// <summary>The storage format of a tensor's numbers.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32, 4 bytes.</summary>
    F32,

    /// <summary>The upper half of a binary32: 8 exponent bits, 7 mantissa bits; 2 bytes.</summary>
    BF16,

    /// <summary>IEEE 754 binary16, 2 bytes.</summary>
    F16,

    /// <summary>
    /// Signed bytes q in -127..127; each group of 64 along a row shares a bfloat16 scale s, and the number is s q. 8.25 bits a number.
    /// </summary>
    Int8,

    /// <summary>
    /// Integers q in -8..7, stored as the nibble q + 8; each group of 32 along a row shares a bfloat16 scale s, and the number is s q. 4.5
    /// bits a number. A group is eight 16-bit words, little-endian: word j holds the elements j, j + 8, j + 16, j + 24, from the lowest
    /// nibble up.
    /// </summary>
    Int4,

    /// <summary>
    /// 4-bit NormalFloat, as bitsandbytes stores it. The elements of the whole matrix, row after row, are in blocks of 64 that share an
    /// fp32 scale a, the largest magnitude of the block; a block may begin in one row and end in the next. The number is c[q] a, where c is
    /// QLoRA's code of 16 numbers (Dettmers et al. 2023, appendix E), rounded to the format that the matrix had before. A byte holds two
    /// elements, the first in the upper nibble; rows have an even number of columns. 4.5 bits a number; 4.127 in a file, because the scales
    /// are quantized there too.
    /// </summary>
    Nf4,
}

/// <summary>Facts about each <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>The number of elements that share a scale; 0 for a format without scales.</summary>
    /// <param name="type">The storage format.</param>
    /// <returns>64 for Int8 and Nf4, 32 for Int4, else 0.</returns>
    public static int GroupSize(this DType type) => type switch { DType.Int8 => 64, DType.Int4 => 32, DType.Nf4 => Nf4.BlockSize, _ => 0 };

    /// <summary>Whether elements are small integers with scales: either numbers, or indices into a code.</summary>
    /// <param name="type">The storage format.</param>
    /// <returns>True for Int8, Int4 and Nf4.</returns>
    public static bool IsQuantized(this DType type) => type is DType.Int8 or DType.Int4 or DType.Nf4;

    /// <summary>Whether rows of this length can be stored in the format: groups must be whole, and a row of Nf4 starts at a byte.</summary>
    /// <param name="type">The storage format.</param>
    /// <param name="columns">Length of a row.</param>
    /// <returns>True if every group is whole; for Nf4, if the length is even.</returns>
    public static bool Fits(this DType type, long columns) =>
        type == DType.Nf4 ? columns % 2 == 0 : !type.IsQuantized() || columns % type.GroupSize() == 0;

    /// <summary>Bytes of a row's elements, without the scales.</summary>
    /// <param name="type">The storage format.</param>
    /// <param name="columns">Length of a row.</param>
    /// <returns>Number of bytes.</returns>
    public static long RowBytes(this DType type, long columns) => type switch
    {
        DType.F32 => 4 * columns,
        DType.Int8 => columns,
        DType.Int4 or DType.Nf4 => columns / 2,
        _ => 2 * columns,
    };

    /// <summary>The number of scales of a row.</summary>
    /// <param name="type">The storage format.</param>
    /// <param name="columns">Length of a row.</param>
    /// <returns>The number; 0 for a format without scales, and for Nf4, whose blocks may span two rows.</returns>
    public static long Groups(this DType type, long columns) => type is DType.Int8 or DType.Int4 ? columns / type.GroupSize() : 0;

    /// <summary>Bytes of the scales of a matrix: bfloat16 [rows, groups]; for Nf4 fp32 [blocks].</summary>
    /// <param name="type">The storage format.</param>
    /// <param name="rows">Rows of the matrix, 1 for a vector.</param>
    /// <param name="columns">Length of a row.</param>
    /// <returns>The bytes; 0 for a format without scales.</returns>
    public static long ScaleBytes(this DType type, long rows, long columns) =>
        type == DType.Nf4 ? sizeof(float) * Nf4.Blocks(rows * columns) : sizeof(ushort) * rows * type.Groups(columns);

    /// <summary>Bytes of a matrix, scales included.</summary>
    /// <param name="type">The storage format.</param>
    /// <param name="rows">Rows of the matrix, 1 for a vector.</param>
    /// <param name="columns">Length of a row.</param>
    /// <returns>Number of bytes.</returns>
    public static long ByteLength(this DType type, long rows, long columns) =>
        rows * type.RowBytes(columns) + type.ScaleBytes(rows, columns);
}
