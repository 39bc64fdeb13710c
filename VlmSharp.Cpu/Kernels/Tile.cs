using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu;

/// <summary>
/// The matrix micro-kernel, one tile of a product whose accumulators stay in registers for the whole of k:
/// <code>
/// c[r, j] (+)= sum_i a[r, i] * b[i, j]     r &lt; V.TileRows, j &lt; 2 V.Count, i &lt; k
/// </code>
/// Each step of i loads two registers of b, broadcasts one element of each row of a, and issues two multiply-adds per row: 6 x 16
/// with 16 registers (12 accumulators), 12 x 32 with 32 (24 accumulators). That is enough independent chains to hide the
/// latency of the multiply-add, and 8 loads for 12 of them, so that the multiply-adds are what limits it.
/// An element is 32 bits: a float, or integers that are multiplied pair by pair (<see cref="ITileProduct"/>). Of integers the sums end
/// with each group, where its scales bring them to floats.
/// </summary>
/// <remarks>
/// Rows of a lie a constant apart, so that all of them are reached from one pointer. The accumulators have
/// a name each, because the JIT keeps names in registers, not elements of arrays; the second half of the names exists only for
/// 12-row tiles and is dropped at compile time for the others.
/// </remarks>
internal static unsafe class Tile
{
    /// <summary>Distance between rows of floats, and the most numbers of a row that a tile takes.</summary>
    public const int Stride = 256;

    /// <summary>Rows of the narrow tile; a multiple of every <see cref="ISimd{V}.TileRows"/>.</summary>
    public const int NarrowRows = 12;

    /// <param name="a">[V.TileRows, P.Stride]: the elements, and in the last P.Groups places the scales of their groups.</param>
    /// <param name="b">[k, bStride], 2 V.Count columns of it; below that, in as many columns, the scales of each group, then the corrections.</param>
    /// <param name="bStride">Distance between the rows of b.</param>
    /// <param name="c">[V.TileRows, cStride], 2 V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Elements of the sums, at least 1; whole groups.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<V, P>(float* a, float* b, nint bStride, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileProduct
    {
        int stride = P.Stride, groupLength = P.GroupLength; // constants, named once: the JIT inlines only so many calls
        float* end = a + k, scales = a + stride - P.Groups, bScales = b + k * bStride;
        nint corrections = groupLength == 0 ? 0 : k / groupLength * bStride;
        do
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

            float* groupEnd = groupLength == 0 ? end : a + groupLength;
            do
            {
                V b0 = V.Load(b), b1 = V.Load(b + V.Count);
                V factor;
                factor = V.Broadcast(*a);
                P.Accumulate(ref c00, factor, b0);
                P.Accumulate(ref c01, factor, b1);
                factor = V.Broadcast(a[1 * stride]);
                P.Accumulate(ref c10, factor, b0);
                P.Accumulate(ref c11, factor, b1);
                factor = V.Broadcast(a[2 * stride]);
                P.Accumulate(ref c20, factor, b0);
                P.Accumulate(ref c21, factor, b1);
                factor = V.Broadcast(a[3 * stride]);
                P.Accumulate(ref c30, factor, b0);
                P.Accumulate(ref c31, factor, b1);
                factor = V.Broadcast(a[4 * stride]);
                P.Accumulate(ref c40, factor, b0);
                P.Accumulate(ref c41, factor, b1);
                factor = V.Broadcast(a[5 * stride]);
                P.Accumulate(ref c50, factor, b0);
                P.Accumulate(ref c51, factor, b1);
                if (V.TileRows == 12)
                {
                    factor = V.Broadcast(a[6 * stride]);
                    P.Accumulate(ref c60, factor, b0);
                    P.Accumulate(ref c61, factor, b1);
                    factor = V.Broadcast(a[7 * stride]);
                    P.Accumulate(ref c70, factor, b0);
                    P.Accumulate(ref c71, factor, b1);
                    factor = V.Broadcast(a[8 * stride]);
                    P.Accumulate(ref c80, factor, b0);
                    P.Accumulate(ref c81, factor, b1);
                    factor = V.Broadcast(a[9 * stride]);
                    P.Accumulate(ref c90, factor, b0);
                    P.Accumulate(ref c91, factor, b1);
                    factor = V.Broadcast(a[10 * stride]);
                    P.Accumulate(ref cA0, factor, b0);
                    P.Accumulate(ref cA1, factor, b1);
                    factor = V.Broadcast(a[11 * stride]);
                    P.Accumulate(ref cB0, factor, b0);
                    P.Accumulate(ref cB1, factor, b1);
                }
                a++;
                b += bStride;
            }
            while (a < groupEnd);

            Put<V, P>(c, c00, c01, scales, bScales, corrections, accumulate);
            Put<V, P>(c + 1 * cStride, c10, c11, scales + 1 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 2 * cStride, c20, c21, scales + 2 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 3 * cStride, c30, c31, scales + 3 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 4 * cStride, c40, c41, scales + 4 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 5 * cStride, c50, c51, scales + 5 * stride, bScales, corrections, accumulate);
            if (V.TileRows == 12)
            {
                Put<V, P>(c + 6 * cStride, c60, c61, scales + 6 * stride, bScales, corrections, accumulate);
                Put<V, P>(c + 7 * cStride, c70, c71, scales + 7 * stride, bScales, corrections, accumulate);
                Put<V, P>(c + 8 * cStride, c80, c81, scales + 8 * stride, bScales, corrections, accumulate);
                Put<V, P>(c + 9 * cStride, c90, c91, scales + 9 * stride, bScales, corrections, accumulate);
                Put<V, P>(c + 10 * cStride, cA0, cA1, scales + 10 * stride, bScales, corrections, accumulate);
                Put<V, P>(c + 11 * cStride, cB0, cB1, scales + 11 * stride, bScales, corrections, accumulate);
            }
            accumulate = true;
            scales++;
            bScales += bStride;
        }
        while (groupLength != 0 && a < end);
    }

    /// <summary>
    /// The same with one column of registers and 12 rows, for a last panel that is half empty: as many independent chains as 6 rows
    /// have, but 13 loads for 12 multiply-adds.
    /// </summary>
    /// <param name="a">[NarrowRows, P.Stride], as above.</param>
    /// <param name="b">[k, V.Count], and below that scales and corrections.</param>
    /// <param name="c">[NarrowRows, cStride], V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Elements of the sums, at least 1; whole groups.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow<V, P>(float* a, float* b, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileProduct
    {
        int stride = P.Stride, groupLength = P.GroupLength; // constants, named once: the JIT inlines only so many calls
        float* end = a + k, scales = a + stride - P.Groups, bScales = b + k * V.Count;
        nint corrections = groupLength == 0 ? 0 : k / groupLength * V.Count;
        do
        {
            V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero;
            V c6 = V.Zero, c7 = V.Zero, c8 = V.Zero, c9 = V.Zero, cA = V.Zero, cB = V.Zero;
            float* groupEnd = groupLength == 0 ? end : a + groupLength;
            do
            {
                V column = V.Load(b);
                P.Accumulate(ref c0, V.Broadcast(*a), column);
                P.Accumulate(ref c1, V.Broadcast(a[1 * stride]), column);
                P.Accumulate(ref c2, V.Broadcast(a[2 * stride]), column);
                P.Accumulate(ref c3, V.Broadcast(a[3 * stride]), column);
                P.Accumulate(ref c4, V.Broadcast(a[4 * stride]), column);
                P.Accumulate(ref c5, V.Broadcast(a[5 * stride]), column);
                P.Accumulate(ref c6, V.Broadcast(a[6 * stride]), column);
                P.Accumulate(ref c7, V.Broadcast(a[7 * stride]), column);
                P.Accumulate(ref c8, V.Broadcast(a[8 * stride]), column);
                P.Accumulate(ref c9, V.Broadcast(a[9 * stride]), column);
                P.Accumulate(ref cA, V.Broadcast(a[10 * stride]), column);
                P.Accumulate(ref cB, V.Broadcast(a[11 * stride]), column);
                a++;
                b += V.Count;
            }
            while (a < groupEnd);

            Put<V, P>(c, c0, scales, bScales, corrections, accumulate);
            Put<V, P>(c + 1 * cStride, c1, scales + 1 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 2 * cStride, c2, scales + 2 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 3 * cStride, c3, scales + 3 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 4 * cStride, c4, scales + 4 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 5 * cStride, c5, scales + 5 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 6 * cStride, c6, scales + 6 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 7 * cStride, c7, scales + 7 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 8 * cStride, c8, scales + 8 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 9 * cStride, c9, scales + 9 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 10 * cStride, cA, scales + 10 * stride, bScales, corrections, accumulate);
            Put<V, P>(c + 11 * cStride, cB, scales + 11 * stride, bScales, corrections, accumulate);
            accumulate = true;
            scales++;
            bScales += V.Count;
        }
        while (groupLength != 0 && a < end);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V, P>(float* c, V low, V high, float* scale, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileProduct
    {
        Put<V, P>(c, low, scale, bScales, corrections, accumulate);
        Put<V, P>(c + V.Count, high, scale, bScales + V.Count, corrections, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V, P>(float* c, V sum, float* scale, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileProduct =>
        V.Store(c, P.Add(accumulate ? V.Load(c) : V.Zero, sum, scale, bScales, bScales + corrections));
}
