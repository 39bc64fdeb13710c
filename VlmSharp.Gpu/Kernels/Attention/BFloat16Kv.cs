using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Keys and values in bf16.</summary>
internal struct BFloat16Kv : IKvFormat
{
    public static int ChunkNumbers => 8;

    public static float Get(ArrayView<U4> memory, long at) => Bits.Low(memory.Cast<ushort>()[at]);

    public static F8 GetEight(ArrayView<U4> memory, long at) => Bits.Widen(memory[at >> 3]);

    public static U4 GetBFloat16(ArrayView<U4> memory, long at) => memory[at >> 3];

    public static void SetEight(ArrayView<U4> memory, long at, F8 numbers) => memory[at >> 3] = Bits.Pack(numbers);
}
