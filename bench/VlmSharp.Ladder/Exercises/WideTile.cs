using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V = System.Runtime.Intrinsics.Vector256<float>;

namespace VlmSharp.Ladder.Exercises;

/// <summary>
/// Solution of the exercise of <c>VlmSharp.Cpu/Kernels/Products/MatMul.md</c>, second part: the tile of 4 x 24, which loads 7 times for 12
/// multiply-adds where 6 x 16 loads 8 times. All 16 registers are in use: 12 sums, 3 of b, 1 factor.
/// </summary>
public static unsafe class WideTile
{
    /// <summary>Rows of the tile.</summary>
    public const int Rows = 4;

    /// <summary>Columns of the tile.</summary>
    public const int Columns = 24;

    /// <summary>c[i, j] += sum_k a[i, k] b[k, j] for 4 rows and 24 columns; the distances between rows are in floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyAdd(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int k)
    {
        V c00 = V.Zero, c01 = V.Zero, c02 = V.Zero, c10 = V.Zero, c11 = V.Zero, c12 = V.Zero;
        V c20 = V.Zero, c21 = V.Zero, c22 = V.Zero, c30 = V.Zero, c31 = V.Zero, c32 = V.Zero;
        for (nint i = 0; i < k; i++, b += bStride)
        {
            V b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8), b2 = Vector256.Load(b + 16);
            V factor = Vector256.Create(a[i]);
            c00 = Vector256.MultiplyAddEstimate(factor, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(factor, b1, c01);
            c02 = Vector256.MultiplyAddEstimate(factor, b2, c02);
            factor = Vector256.Create(a[aStride + i]);
            c10 = Vector256.MultiplyAddEstimate(factor, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(factor, b1, c11);
            c12 = Vector256.MultiplyAddEstimate(factor, b2, c12);
            factor = Vector256.Create(a[2 * aStride + i]);
            c20 = Vector256.MultiplyAddEstimate(factor, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(factor, b1, c21);
            c22 = Vector256.MultiplyAddEstimate(factor, b2, c22);
            factor = Vector256.Create(a[3 * aStride + i]);
            c30 = Vector256.MultiplyAddEstimate(factor, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(factor, b1, c31);
            c32 = Vector256.MultiplyAddEstimate(factor, b2, c32);
        }

        AddTo(c, c00, c01, c02);
        AddTo(c + cStride, c10, c11, c12);
        AddTo(c + 2 * cStride, c20, c21, c22);
        AddTo(c + 3 * cStride, c30, c31, c32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* c, V first, V second, V third)
    {
        (Vector256.Load(c) + first).Store(c);
        (Vector256.Load(c + 8) + second).Store(c + 8);
        (Vector256.Load(c + 16) + third).Store(c + 16);
    }
}
