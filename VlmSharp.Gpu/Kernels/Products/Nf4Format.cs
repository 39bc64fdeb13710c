using ILGPU;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// Indices into the NF4 code, with a scale for each 64: a chunk is 32 numbers, and two chunks share a scale. The first of two numbers is
/// the upper nibble of a byte. Numbers are rounded one by one, so they are scaled during the lookup.
/// </summary>
internal readonly struct Nf4Format : INumberFormat
{
    public static int ChunkEights => 4;

    public static bool IsBFloat16 => false;

    public static U8 Load(in Operand matrix, long chunk)
    {
        ArrayView<uint> table = matrix.Scales.Cast<uint>();
        return new()
        {
            Low = matrix.Data[chunk],
            High = new U4 { X = table[Nf4Table.FirstScale + (chunk >> 1)], Y = table[Nf4Table.Rounding] },
        };
    }

    public static F8 Eight(in Operand matrix, U8 chunk, int place)
    {
        uint lower = place == 0 ? chunk.Low.X : chunk.Low.Y, upper = place == 2 ? chunk.Low.Z : chunk.Low.W;
        uint word = place < 2 ? lower : upper;
        ArrayView<float> table = matrix.Scales.Cast<float>();
        float scale = Interop.IntAsFloat(chunk.High.X);
        uint rounding = chunk.High.Y;
        return new F8
        {
            A = Nf4Table.Number(table, word >> 4, scale, rounding),
            B = Nf4Table.Number(table, word, scale, rounding),
            C = Nf4Table.Number(table, word >> 12, scale, rounding),
            D = Nf4Table.Number(table, word >> 8, scale, rounding),
            E = Nf4Table.Number(table, word >> 20, scale, rounding),
            F = Nf4Table.Number(table, word >> 16, scale, rounding),
            G = Nf4Table.Number(table, word >> 28, scale, rounding),
            H = Nf4Table.Number(table, word >> 24, scale, rounding),
        };
    }

    public static float Scale(in Operand matrix, long chunk) => 1;
}
