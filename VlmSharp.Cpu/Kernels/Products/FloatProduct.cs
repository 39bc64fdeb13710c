using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>Floats of any storage format, widened to fp32: no groups, no scales.</summary>
internal readonly unsafe struct FloatProduct : ITileElements
{
    public static int Stride => Tile.Stride;

    public static int Groups => 0;

    public static int GroupLength => 0;

    public static int Elements(int k) => k;

    public static int PanelRows(int k) => k;

    public static void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V> =>
        weight.Widen<V>(row, column, count, target);

    public static void Pack(float* x, nint xStride, int rows, int k, float* panel, int width) =>
        Packing.Transpose(x, xStride, rows, k, panel, width);

    public static void Multiply<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V> =>
        Tile.Multiply<V, FloatProduct>(a, b, c, cStride, k, accumulate);

    public static void MultiplyNarrow<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V> =>
        Tile.MultiplyNarrow<V, FloatProduct>(a, b, c, cStride, k, accumulate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V> => V.Accumulate(ref sum, a, b);

    // Only for the narrow tile: the wide one adds floats from its registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<V>(
        float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>
    {
        for (int r = 0; r < rows; r++, c += cStride)
            for (int j = 0; j < columns; j += V.Count, sums += V.Count)
                V.Store(c + j, accumulate ? V.Load(c + j) + V.Load(sums) : V.Load(sums));
    }
}
