using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu;

/// <summary>
/// The matrix micro-kernel, one tile of a product whose accumulators stay in registers for the whole of k:
/// <code>
/// c[r, j] (+)= sum_i a[r, i] * b[i, j]     r &lt; V.TileRows, j &lt; 2 V.Count, i &lt; k
/// </code>
/// Each step of i loads two registers of b, broadcasts one number of each row of a, and issues two multiply-adds per row: 6 x 16
/// with 16 registers (12 accumulators), 12 x 32 with 32 (24 accumulators). That is enough independent chains to hide the
/// latency of the multiply-add, and 8 loads for 12 of them, so that the multiply-adds are what limits it.
/// </summary>
/// <remarks>
/// Rows of a lie <see cref="Stride"/> apart, a constant, so that all of them are reached from one pointer. The accumulators have
/// a name each, because the JIT keeps names in registers, not elements of arrays; the second half of the names exists only for
/// 12-row tiles and is dropped at compile time for the others.
/// </remarks>
internal static unsafe class Tile
{
    /// <summary>Distance between the rows of a, in floats; also the most that k can be.</summary>
    public const int Stride = 256;

    /// <param name="a">[V.TileRows, Stride].</param>
    /// <param name="b">[k, bStride], 2 V.Count columns of it.</param>
    /// <param name="bStride">Distance between the rows of b.</param>
    /// <param name="c">[V.TileRows, cStride], 2 V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Length of the sums, from 1 to Stride.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<V>(float* a, float* b, nint bStride, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V>
    {
        V c00 = V.Zero, c01 = V.Zero;
        V c10 = V.Zero, c11 = V.Zero;
        V c20 = V.Zero, c21 = V.Zero;
        V c30 = V.Zero, c31 = V.Zero;
        V c40 = V.Zero, c41 = V.Zero;
        V c50 = V.Zero, c51 = V.Zero;
        V c60 = V.Zero, c61 = V.Zero;
        V c70 = V.Zero, c71 = V.Zero;
        V c80 = V.Zero, c81 = V.Zero;
        V c90 = V.Zero, c91 = V.Zero;
        V cA0 = V.Zero, cA1 = V.Zero;
        V cB0 = V.Zero, cB1 = V.Zero;

        float* end = a + k;
        do
        {
            V b0 = V.Load(b), b1 = V.Load(b + V.Count);
            V factor;
            factor = V.Broadcast(*a);
            V.Accumulate(ref c00, factor, b0);
            V.Accumulate(ref c01, factor, b1);
            factor = V.Broadcast(a[1 * Stride]);
            V.Accumulate(ref c10, factor, b0);
            V.Accumulate(ref c11, factor, b1);
            factor = V.Broadcast(a[2 * Stride]);
            V.Accumulate(ref c20, factor, b0);
            V.Accumulate(ref c21, factor, b1);
            factor = V.Broadcast(a[3 * Stride]);
            V.Accumulate(ref c30, factor, b0);
            V.Accumulate(ref c31, factor, b1);
            factor = V.Broadcast(a[4 * Stride]);
            V.Accumulate(ref c40, factor, b0);
            V.Accumulate(ref c41, factor, b1);
            factor = V.Broadcast(a[5 * Stride]);
            V.Accumulate(ref c50, factor, b0);
            V.Accumulate(ref c51, factor, b1);
            if (V.TileRows == 12)
            {
                factor = V.Broadcast(a[6 * Stride]);
                V.Accumulate(ref c60, factor, b0);
                V.Accumulate(ref c61, factor, b1);
                factor = V.Broadcast(a[7 * Stride]);
                V.Accumulate(ref c70, factor, b0);
                V.Accumulate(ref c71, factor, b1);
                factor = V.Broadcast(a[8 * Stride]);
                V.Accumulate(ref c80, factor, b0);
                V.Accumulate(ref c81, factor, b1);
                factor = V.Broadcast(a[9 * Stride]);
                V.Accumulate(ref c90, factor, b0);
                V.Accumulate(ref c91, factor, b1);
                factor = V.Broadcast(a[10 * Stride]);
                V.Accumulate(ref cA0, factor, b0);
                V.Accumulate(ref cA1, factor, b1);
                factor = V.Broadcast(a[11 * Stride]);
                V.Accumulate(ref cB0, factor, b0);
                V.Accumulate(ref cB1, factor, b1);
            }
            a++;
            b += bStride;
        }
        while (a < end);

        Put(c, c00, c01, accumulate);
        Put(c + 1 * cStride, c10, c11, accumulate);
        Put(c + 2 * cStride, c20, c21, accumulate);
        Put(c + 3 * cStride, c30, c31, accumulate);
        Put(c + 4 * cStride, c40, c41, accumulate);
        Put(c + 5 * cStride, c50, c51, accumulate);
        if (V.TileRows != 12) return;
        Put(c + 6 * cStride, c60, c61, accumulate);
        Put(c + 7 * cStride, c70, c71, accumulate);
        Put(c + 8 * cStride, c80, c81, accumulate);
        Put(c + 9 * cStride, c90, c91, accumulate);
        Put(c + 10 * cStride, cA0, cA1, accumulate);
        Put(c + 11 * cStride, cB0, cB1, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V>(float* c, V low, V high, bool accumulate) where V : struct, ISimd<V>
    {
        if (accumulate)
        {
            low += V.Load(c);
            high += V.Load(c + V.Count);
        }
        V.Store(c, low);
        V.Store(c + V.Count, high);
    }
}
