using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V = System.Runtime.Intrinsics.Vector256<float>;

namespace VlmSharp.Ladder;

/// <summary>
/// The micro-kernel that the upper rungs of both ladders stand on: a tile of 6 x 16 sums that stay in registers for the whole of k.
/// <code>
/// c[i, j] += sum_k a[i, k] b[k, j]        i &lt; 6, j &lt; 16
/// </code>
/// A step of k loads two registers of b and one number of each row of a, and starts 12 multiply-adds: each loaded number
/// is used 6 or 16 times. The 12 sums do not wait for each other. The tile needs 12 + 2 + 1 of the 16 registers of AVX2.
/// </summary>
/// <remarks>Each sum has its own name, because the compiler keeps named variables in registers, but not array elements.</remarks>
public static unsafe class RegisterTile
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a tile: two registers of eight floats.</summary>
    public const int Columns = 16;

    /// <summary>Adds one tile to c.</summary>
    /// <param name="a">[rows, k], rows aStride apart.</param>
    /// <param name="aStride">Distance between the rows of a, in floats.</param>
    /// <param name="rows">1 to 6: a tile at the edge computes its last row several times and stores it once.</param>
    /// <param name="b">[k, 16], rows bStride apart.</param>
    /// <param name="bStride">Distance between the rows of b, in floats.</param>
    /// <param name="c">[rows, 16], rows cStride apart.</param>
    /// <param name="cStride">Distance between the rows of c, in floats.</param>
    /// <param name="k">Length of the sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyAdd(float* a, nint aStride, int rows, float* b, nint bStride, float* c, nint cStride, int k)
    {
        int last = rows - 1;
        float* a0 = a, a1 = a + Math.Min(1, last) * aStride, a2 = a + Math.Min(2, last) * aStride;
        float* a3 = a + Math.Min(3, last) * aStride, a4 = a + Math.Min(4, last) * aStride, a5 = a + Math.Min(5, last) * aStride;
        V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero;
        V c30 = V.Zero, c31 = V.Zero, c40 = V.Zero, c41 = V.Zero, c50 = V.Zero, c51 = V.Zero;
        for (nint i = 0; i < k; i++, b += bStride)
        {
            V b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8);
            V factor = Vector256.Create(a0[i]);
            c00 = Vector256.MultiplyAddEstimate(factor, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(factor, b1, c01);
            factor = Vector256.Create(a1[i]);
            c10 = Vector256.MultiplyAddEstimate(factor, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(factor, b1, c11);
            factor = Vector256.Create(a2[i]);
            c20 = Vector256.MultiplyAddEstimate(factor, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(factor, b1, c21);
            factor = Vector256.Create(a3[i]);
            c30 = Vector256.MultiplyAddEstimate(factor, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(factor, b1, c31);
            factor = Vector256.Create(a4[i]);
            c40 = Vector256.MultiplyAddEstimate(factor, b0, c40);
            c41 = Vector256.MultiplyAddEstimate(factor, b1, c41);
            factor = Vector256.Create(a5[i]);
            c50 = Vector256.MultiplyAddEstimate(factor, b0, c50);
            c51 = Vector256.MultiplyAddEstimate(factor, b1, c51);
        }

        AddTo(c, c00, c01);
        if (rows > 1) AddTo(c + cStride, c10, c11);
        if (rows > 2) AddTo(c + 2 * cStride, c20, c21);
        if (rows > 3) AddTo(c + 3 * cStride, c30, c31);
        if (rows > 4) AddTo(c + 4 * cStride, c40, c41);
        if (rows > 5) AddTo(c + 5 * cStride, c50, c51);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* c, V low, V high)
    {
        (Vector256.Load(c) + low).Store(c);
        (Vector256.Load(c + 8) + high).Store(c + 8);
    }
}
