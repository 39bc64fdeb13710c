using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The storage format of keys and values, as a type argument of kernels. Positions count numbers from the start of the memory. A row begins
/// at a chunk of 16 bytes and is padded to a multiple of 8 numbers.
/// </summary>
internal interface IKvFormat
{
    /// <summary>Numbers in 16 bytes.</summary>
    static abstract int ChunkNumbers { get; }

    /// <summary>Reads one number.</summary>
    static abstract float Get(ArrayView<U4> memory, long at);

    /// <summary>Reads eight numbers with loads of 16 bytes; <paramref name="at"/> is the start of a chunk.</summary>
    static abstract F8 GetEight(ArrayView<U4> memory, long at);

    /// <summary>Reads eight numbers as bf16; <paramref name="at"/> is the start of a chunk.</summary>
    static abstract U4 GetBFloat16(ArrayView<U4> memory, long at);

    /// <summary>Writes eight numbers; <paramref name="at"/> is the start of a chunk.</summary>
    static abstract void SetEight(ArrayView<U4> memory, long at, F8 numbers);
}
