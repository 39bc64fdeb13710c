using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>
/// Places in the code of <see cref="Nf4"/>, 64 to a block of 32 bytes with an fp32 scale. A block has only 16 different numbers: they are
/// made once, scaled and rounded, and looked up 64 times.
/// </summary>
internal static unsafe class Nf4Format
{
    public const int BlockBytes = Nf4.BlockSize / 2, TableLength = 16;

    /// <summary>The numbers of a block: round(code * scale).</summary>
    /// <param name="scale">The block's.</param>
    /// <param name="valueType">What they are rounded to: F32, BF16 or F16.</param>
    /// <param name="table">[16].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MakeTable<V>(float scale, DType valueType, float* table) where V : struct, ISimd<V>
    {
        float* code = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Nf4.Code)); // a constant of the program, which stays where it is
        V factor = V.Broadcast(scale);
        for (int i = 0; i < TableLength; i += V.Count)
        {
            V numbers = V.Load(code + i) * factor;
            V.Store(table + i, valueType == DType.BF16 ? V.RoundToBF16(numbers) : valueType == DType.F16 ? V.RoundToF16(numbers) : numbers);
        }
    }

    /// <summary>Widens elements of one block.</summary>
    /// <param name="source">The first, in the upper nibble.</param>
    /// <param name="count">How many; an even number.</param>
    /// <param name="table">The block's numbers.</param>
    /// <param name="target">[count].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen<V>(byte* source, int count, float* table, float* target) where V : struct, ISimd<V>
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) V.Store(target + i, V.LookUp(source + i / 2, table));
        for (; i < count; i += 2)
        {
            target[i] = table[source[i / 2] >> 4];
            target[i + 1] = table[source[i / 2] & 15];
        }
    }
}
