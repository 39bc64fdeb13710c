using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>
/// Indices into the code of <see cref="Nf4"/>, 64 to a block of 32 bytes with an fp32 scale. A block has only 16 different numbers: they
/// are computed once, scaled and rounded, and looked up 64 times.
/// </summary>
internal static unsafe class Nf4Format
{
    public const int BlockBytes = Nf4.BlockSize / 2, TableLength = 16;

    private const int CacheLine = 64;

    /// <summary>
    /// Floats to allocate for a buffer of this size that starts at a cache line. A read right after a write must not cross two lines, or
    /// the processor waits until the write is in the cache.
    /// </summary>
    public static int Roomy(int floats) => floats + CacheLine / sizeof(float) - 1;

    /// <summary>The first cache line at or after the address.</summary>
    public static float* Align(float* start) => (float*)(((nint)start + CacheLine - 1) & -CacheLine);

    /// <summary>The numbers of a block: round(code * scale).</summary>
    /// <param name="scale">The block's scale.</param>
    /// <param name="valueType">The type to which they are rounded: F32, BF16 or F16.</param>
    /// <param name="table">[16].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MakeTable<V>(float scale, DType valueType, float* table) where V : struct, ISimd<V>
    {
        float* code = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Nf4.Code)); // constant data, which the GC does not move
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
        float* end = target + count;
        for (; target + V.Count <= end; target += V.Count, source += V.Count / 2) V.Store(target, V.LookUp(source, table));
        for (; target < end; target += 2, source++)
        {
            target[0] = table[*source >> 4];
            target[1] = table[*source & 15];
        }
    }
}
