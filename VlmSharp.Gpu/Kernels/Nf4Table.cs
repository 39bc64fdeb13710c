using ILGPU;
using VlmSharp.Compute;

namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// The table that an NF4 matrix has instead of scales, as words of 32 bits: the code of 16 numbers, whether numbers are rounded to bf16,
/// and from <see cref="FirstScale"/> on the fp32 scales of its blocks. All threads read the code, so it stays in the first-level cache.
/// </summary>
internal static class Nf4Table
{
    /// <summary>The word that is 1 if numbers are rounded to bf16, and 0 if they are fp32.</summary>
    public const int Rounding = 16;

    /// <summary>The word of the first scale; the words before it fill four sectors.</summary>
    public const int FirstScale = 32;

    private const int ChunkNumbers = 32;

    /// <summary>
    /// Whether a device can hold a matrix as NF4: its rows are whole chunks, and its numbers bf16 or fp32. Other matrices are widened while
    /// they are copied.
    /// </summary>
    /// <param name="columns">Length of a row.</param>
    /// <param name="valueType">The format that the numbers are rounded to.</param>
    public static bool Takes(int columns, DType valueType) => columns % ChunkNumbers == 0 && valueType is DType.F32 or DType.BF16;

    /// <summary>The words before the scales.</summary>
    /// <param name="valueType">F32 or BF16.</param>
    public static float[] Head(DType valueType)
    {
        float[] head = new float[FirstScale];
        Nf4.Code.CopyTo(head);
        head[Rounding] = BitConverter.UInt32BitsToSingle(valueType == DType.BF16 ? 1u : 0);
        return head;
    }

    /// <summary>code[place] * scale, rounded.</summary>
    /// <param name="table">The words of a matrix's table, its code first.</param>
    /// <param name="place">The index; only its lower four bits are used.</param>
    /// <param name="scale">The block's scale.</param>
    /// <param name="rounding">The word <see cref="Rounding"/>.</param>
    public static float Number(ArrayView<float> table, uint place, float scale, uint rounding)
    {
        float number = table[(int)(place & 15)] * scale;
        return rounding == 0 ? number : Bits.Low(Bits.Round(number));
    }
}
