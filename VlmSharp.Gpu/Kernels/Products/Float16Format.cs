namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>binary16: a chunk is 8 numbers.</summary>
internal readonly struct Float16Format : INumberFormat
{
    public static int ChunkEights => 1;

    public static bool IsBFloat16 => false;

    public static U8 Load(in Operand matrix, long chunk) => new() { Low = matrix.Data[chunk] };

    public static F8 Eight(in Operand matrix, U8 chunk, int place) => new()
    {
        A = Bits.Half(chunk.Low.X),
        B = Bits.Half(chunk.Low.X >> 16),
        C = Bits.Half(chunk.Low.Y),
        D = Bits.Half(chunk.Low.Y >> 16),
        E = Bits.Half(chunk.Low.Z),
        F = Bits.Half(chunk.Low.Z >> 16),
        G = Bits.Half(chunk.Low.W),
        H = Bits.Half(chunk.Low.W >> 16),
    };

    public static float Scale(in Operand matrix, long chunk) => 1;
}
