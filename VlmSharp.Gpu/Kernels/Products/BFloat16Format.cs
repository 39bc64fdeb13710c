namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>bf16: a chunk is 8 numbers.</summary>
internal readonly struct BFloat16Format : INumberFormat
{
    public static int ChunkEights => 1;

    public static bool IsBFloat16 => true;

    public static U8 Load(in Operand matrix, long chunk) => new() { Low = matrix.Data[chunk] };

    public static F8 Eight(in Operand matrix, U8 chunk, int place) => Bits.Widen(chunk.Low);

    public static float Scale(in Operand matrix, long chunk) => 1;
}
