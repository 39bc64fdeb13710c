namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>x in the format that the core multiplies: bf16 or fp32, rows padded to eights.</summary>
internal readonly struct ActivationFormat<TCore> : INumberFormat where TCore : struct, ICore
{
    public static int ChunkEights => 1;

    public static bool IsBFloat16 => TCore.MultipliesBFloat16;

    public static U8 Load(in Operand matrix, long chunk) =>
        TCore.MultipliesBFloat16 ? BFloat16Format.Load(matrix, chunk) : Float32Format.Load(matrix, chunk);

    public static F8 Eight(in Operand matrix, U8 chunk, int place) =>
        TCore.MultipliesBFloat16 ? BFloat16Format.Eight(matrix, chunk, place) : Float32Format.Eight(matrix, chunk, place);

    public static float Scale(in Operand matrix, long chunk) => 1;
}
