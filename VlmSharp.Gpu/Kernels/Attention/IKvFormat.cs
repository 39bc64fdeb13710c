using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// How keys and values are stored, as a type argument of kernels. Places are counted in numbers from the start of the memory; a row
/// begins with a whole chunk of 16 bytes and is padded to a multiple of 8 numbers.
/// </summary>
internal interface IKvFormat
{
    /// <summary>Numbers in 16 bytes.</summary>
    static abstract int ChunkNumbers { get; }

    /// <summary>One number.</summary>
    static abstract float Get(ArrayView<U4> memory, long at);

    /// <summary>Eight numbers by loads of 16 bytes; <paramref name="at"/> is the start of a chunk.</summary>
    static abstract F8 GetEight(ArrayView<U4> memory, long at);

    /// <summary>The same, as bf16.</summary>
    static abstract U4 GetBFloat16(ArrayView<U4> memory, long at);

    /// <summary>Writes eight numbers; <paramref name="at"/> is the start of a chunk.</summary>
    static abstract void SetEight(ArrayView<U4> memory, long at, F8 numbers);
}
