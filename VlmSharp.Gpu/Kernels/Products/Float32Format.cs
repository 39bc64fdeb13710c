using ILGPU;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>fp32: a chunk is 8 numbers, two loads.</summary>
internal readonly struct Float32Format : INumberFormat
{
    public static int ChunkEights => 1;

    public static bool IsBFloat16 => false;

    public static U8 Load(in Operand matrix, long chunk) => new() { Low = matrix.Data[2 * chunk], High = matrix.Data[2 * chunk + 1] };

    public static F8 Eight(in Operand matrix, U8 chunk, int place) => new()
    {
        A = Interop.IntAsFloat(chunk.Low.X),
        B = Interop.IntAsFloat(chunk.Low.Y),
        C = Interop.IntAsFloat(chunk.Low.Z),
        D = Interop.IntAsFloat(chunk.Low.W),
        E = Interop.IntAsFloat(chunk.High.X),
        F = Interop.IntAsFloat(chunk.High.Y),
        G = Interop.IntAsFloat(chunk.High.Z),
        H = Interop.IntAsFloat(chunk.High.W),
    };

    public static float Scale(in Operand matrix, long chunk) => 1;
}
