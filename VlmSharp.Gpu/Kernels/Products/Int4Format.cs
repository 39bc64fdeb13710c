namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// 4-bit numbers with a scale for each 32: a chunk is 32 numbers with one scale. Its 16-bit word j holds the numbers j, j + 8, j + 16, j +
/// 24, so that an eight is the same nibble of all eight words.
/// </summary>
internal readonly struct Int4Format : INumberFormat
{
    public static int ChunkEights => 4;

    public static bool IsBFloat16 => false;

    public static U8 Load(in Operand matrix, long chunk) => new() { Low = matrix.Data[chunk] };

    public static F8 Eight(in Operand matrix, U8 chunk, int place)
    {
        int shift = place * 4;
        return new F8
        {
            A = Nibble(chunk.Low.X, shift),
            B = Nibble(chunk.Low.X, shift + 16),
            C = Nibble(chunk.Low.Y, shift),
            D = Nibble(chunk.Low.Y, shift + 16),
            E = Nibble(chunk.Low.Z, shift),
            F = Nibble(chunk.Low.Z, shift + 16),
            G = Nibble(chunk.Low.W, shift),
            H = Nibble(chunk.Low.W, shift + 16),
        };
    }

    public static float Scale(in Operand matrix, long chunk) => Bits.Low(matrix.Scales[chunk]);

    private static float Nibble(uint word, int shift) => (int)((word >> shift) & 15) - 8;
}
