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

    /// <summary>Rows of the narrow tile; a multiple of every <see cref="ISimd{V}.TileRows"/>.</summary>
    public const int NarrowRows = 12;

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
        Put(c, low, accumulate);
        Put(c + V.Count, high, accumulate);
    }

    /// <summary>
    /// The same with one column of registers and twice the rows of the 6-row tile, for a last panel that is half empty: as many
    /// independent chains, but 13 loads for 12 multiply-adds.
    /// </summary>
    /// <param name="a">[NarrowRows, Stride].</param>
    /// <param name="b">[k, V.Count].</param>
    /// <param name="c">[NarrowRows, cStride], V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Length of the sums, from 1 to Stride.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V>
    {
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero;
        V c6 = V.Zero, c7 = V.Zero, c8 = V.Zero, c9 = V.Zero, cA = V.Zero, cB = V.Zero;
        float* end = a + k;
        do
        {
            V column = V.Load(b);
            V.Accumulate(ref c0, V.Broadcast(*a), column);
            V.Accumulate(ref c1, V.Broadcast(a[1 * Stride]), column);
            V.Accumulate(ref c2, V.Broadcast(a[2 * Stride]), column);
            V.Accumulate(ref c3, V.Broadcast(a[3 * Stride]), column);
            V.Accumulate(ref c4, V.Broadcast(a[4 * Stride]), column);
            V.Accumulate(ref c5, V.Broadcast(a[5 * Stride]), column);
            V.Accumulate(ref c6, V.Broadcast(a[6 * Stride]), column);
            V.Accumulate(ref c7, V.Broadcast(a[7 * Stride]), column);
            V.Accumulate(ref c8, V.Broadcast(a[8 * Stride]), column);
            V.Accumulate(ref c9, V.Broadcast(a[9 * Stride]), column);
            V.Accumulate(ref cA, V.Broadcast(a[10 * Stride]), column);
            V.Accumulate(ref cB, V.Broadcast(a[11 * Stride]), column);
            a++;
            b += V.Count;
        }
        while (a < end);

        Put(c, c0, accumulate);
        Put(c + 1 * cStride, c1, accumulate);
        Put(c + 2 * cStride, c2, accumulate);
        Put(c + 3 * cStride, c3, accumulate);
        Put(c + 4 * cStride, c4, accumulate);
        Put(c + 5 * cStride, c5, accumulate);
        Put(c + 6 * cStride, c6, accumulate);
        Put(c + 7 * cStride, c7, accumulate);
        Put(c + 8 * cStride, c8, accumulate);
        Put(c + 9 * cStride, c9, accumulate);
        Put(c + 10 * cStride, cA, accumulate);
        Put(c + 11 * cStride, cB, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V>(float* c, V value, bool accumulate) where V : struct, ISimd<V> =>
        V.Store(c, accumulate ? value + V.Load(c) : value);
}
