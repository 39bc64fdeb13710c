using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>Keys and values in fp32.</summary>
internal struct Float32Kv : IKvFormat
{
    public static int ChunkNumbers => 4;

    public static float Get(ArrayView<U4> memory, long at) => memory.Cast<float>()[at];

    public static F8 GetEight(ArrayView<U4> memory, long at) => Eights.Load(memory.Cast<F4>(), at >> 2);

    public static U4 GetBFloat16(ArrayView<U4> memory, long at) => Bits.Pack(GetEight(memory, at));

    public static void SetEight(ArrayView<U4> memory, long at, F8 numbers)
    {
        ArrayView<F4> chunks = memory.Cast<F4>();
        chunks[at >> 2] = new F4 { X = numbers.A, Y = numbers.B, Z = numbers.C, W = numbers.D };
        chunks[(at >> 2) + 1] = new F4 { X = numbers.E, Y = numbers.F, Z = numbers.G, W = numbers.H };
    }
}
