namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>8-bit numbers with a scale for each 64: a chunk is 16 numbers, and four chunks share a scale.</summary>
internal readonly struct Int8Format : INumberFormat
{
    public static int ChunkEights => 2;

    public static bool IsBFloat16 => false;

    public static U8 Load(in Operand matrix, long chunk) => new() { Low = matrix.Data[chunk] };

    public static F8 Eight(in Operand matrix, U8 chunk, int place)
    {
        uint first = place == 0 ? chunk.Low.X : chunk.Low.Z, second = place == 0 ? chunk.Low.Y : chunk.Low.W;
        return new F8
        {
            A = (sbyte)first,
            B = (sbyte)(first >> 8),
            C = (sbyte)(first >> 16),
            D = (sbyte)(first >> 24),
            E = (sbyte)second,
            F = (sbyte)(second >> 8),
            G = (sbyte)(second >> 16),
            H = (sbyte)(second >> 24),
        };
    }

    public static float Scale(in Operand matrix, long chunk) => Bits.Low(matrix.Scales[chunk >> 2]);
}
