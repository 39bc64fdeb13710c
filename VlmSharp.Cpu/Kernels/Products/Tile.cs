using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The matrix micro-kernel, one tile of a product whose accumulators stay in registers for the whole of k:
/// <code>
/// c[r, j] (+)= sum_i a[r, i] * b[i, j]     r &lt; Rows, j &lt; 2 V.Count, i &lt; k
/// </code>
/// Each step of i loads two registers of b, broadcasts one element of each row of a, and issues two multiply-adds per row: 6 x 16
/// with 16 registers (12 accumulators), 12 x 32 with 32 (24 accumulators). That is enough independent chains to hide the
/// latency of the multiply-add, and 8 loads for 12 multiply-adds, so the multiply-adds are the limit.
/// An element is 32 bits: a float, or integers that are multiplied pair by pair (<see cref="ITileElements"/>). Sums of integers end
/// with each group, where the scales turn them into floats.
/// </summary>
/// <remarks>
/// Rows of a are a constant distance apart, so one pointer reaches all of them. Each accumulator has its own name, because the JIT keeps
/// named variables in registers, but not array elements; the second half of the names exists only for
/// 12-row tiles and is dropped at compile time for the others.
/// </remarks>
internal static unsafe class Tile
{
    /// <summary>Distance between rows of floats, and the most numbers of a row in a tile.</summary>
    public const int Stride = 256;

    /// <summary>Rows of the narrow tile; a multiple of <see cref="Rows{V}"/>.</summary>
    public const int NarrowRows = 12;

    /// <summary>
    /// Rows of a tile: 6, or 12 where there are 32 registers. Three quarters of the registers hold sums, two of them a row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Rows<V>() where V : struct, ISimd<V> => V.Registers * 3 / 8;

    /// <summary>One tile, b a panel.</summary>
    /// <param name="a">[Rows, P.Stride]: the elements, and in the last P.Groups places the scales of their groups.</param>
    /// <param name="b">[k, 2 V.Count]; below that the scales of each group, then the corrections.</param>
    /// <param name="c">[Rows, cStride], 2 V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Elements of the sums, at least 1; whole groups.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    public static void Multiply<V, P>(float* a, float* b, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileElements => Multiply<V, P, InPanel<V>>(a, b, default, c, cStride, k, accumulate);

    /// <summary>One tile of floats with b read in place: each step of k takes one more instruction.</summary>
    /// <param name="a">[Rows, Stride].</param>
    /// <param name="b">[k, bStride], 2 V.Count columns of it.</param>
    /// <param name="bStride">Distance between the rows of b.</param>
    /// <param name="c">[Rows, cStride], 2 V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Length of the sums, at least 1.</param>
    /// <param name="accumulate">Whether the tile is added to the content of c.</param>
    public static void MultiplyInPlace<V>(float* a, float* b, nint bStride, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V> => Multiply<V, FloatProduct, Apart>(a, b, new Apart(bStride), c, cStride, k, accumulate);

    // Distance between the rows of b, either known to the compiler or not.
    private interface IDistance
    {
        nint Floats { get; }
    }

    private readonly struct InPanel<V> : IDistance where V : struct, ISimd<V>
    {
        public nint Floats => 2 * V.Count;
    }

    private readonly struct Apart(nint floats) : IDistance
    {
        public nint Floats => floats;
    }

    [SkipLocalsInit] // sums are written before they are read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<V, P, D>(float* a, float* b, D distance, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileElements where D : struct, IDistance
    {
        float* sums = stackalloc float[2 * Rows<V>() * V.Count];
        nint bStride = distance.Floats;
        // Constants in local variables: the JIT inlines only a limited number of calls.
        int stride = P.Stride, groupLength = P.GroupLength;
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
            V b0, b1;
            if (V.Registers != 32)
            {
                // Four steps per iteration: if another program shares the core, the number of issued instructions is the limit (MatMul.md).
                // With twelve rows, moving the pointers is cheap compared with 24 multiply-adds.
                for (float* last = groupEnd - 4; a <= last; a += 4, b += 4 * bStride)
                {
                    b0 = V.Load(b);
                    b1 = V.Load(b + V.Count);
                    Row<V, P>(a, b0, b1, ref c00, ref c01);
                    Row<V, P>(a + stride, b0, b1, ref c10, ref c11);
                    Row<V, P>(a + 2 * stride, b0, b1, ref c20, ref c21);
                    Row<V, P>(a + 3 * stride, b0, b1, ref c30, ref c31);
                    Row<V, P>(a + 4 * stride, b0, b1, ref c40, ref c41);
                    Row<V, P>(a + 5 * stride, b0, b1, ref c50, ref c51);
                    b0 = V.Load(b + bStride);
                    b1 = V.Load(b + (bStride + V.Count));
                    Row<V, P>(a + 1, b0, b1, ref c00, ref c01);
                    Row<V, P>(a + (stride + 1), b0, b1, ref c10, ref c11);
                    Row<V, P>(a + (2 * stride + 1), b0, b1, ref c20, ref c21);
                    Row<V, P>(a + (3 * stride + 1), b0, b1, ref c30, ref c31);
                    Row<V, P>(a + (4 * stride + 1), b0, b1, ref c40, ref c41);
                    Row<V, P>(a + (5 * stride + 1), b0, b1, ref c50, ref c51);
                    b0 = V.Load(b + 2 * bStride);
                    b1 = V.Load(b + (2 * bStride + V.Count));
                    Row<V, P>(a + 2, b0, b1, ref c00, ref c01);
                    Row<V, P>(a + (stride + 2), b0, b1, ref c10, ref c11);
                    Row<V, P>(a + (2 * stride + 2), b0, b1, ref c20, ref c21);
                    Row<V, P>(a + (3 * stride + 2), b0, b1, ref c30, ref c31);
                    Row<V, P>(a + (4 * stride + 2), b0, b1, ref c40, ref c41);
                    Row<V, P>(a + (5 * stride + 2), b0, b1, ref c50, ref c51);
                    b0 = V.Load(b + 3 * bStride);
                    b1 = V.Load(b + (3 * bStride + V.Count));
                    Row<V, P>(a + 3, b0, b1, ref c00, ref c01);
                    Row<V, P>(a + (stride + 3), b0, b1, ref c10, ref c11);
                    Row<V, P>(a + (2 * stride + 3), b0, b1, ref c20, ref c21);
                    Row<V, P>(a + (3 * stride + 3), b0, b1, ref c30, ref c31);
                    Row<V, P>(a + (4 * stride + 3), b0, b1, ref c40, ref c41);
                    Row<V, P>(a + (5 * stride + 3), b0, b1, ref c50, ref c51);
                }
            }

            for (; a < groupEnd; a++)
            {
                b0 = V.Load(b);
                b1 = V.Load(b + V.Count);
                Row<V, P>(a, b0, b1, ref c00, ref c01);
                Row<V, P>(a + stride, b0, b1, ref c10, ref c11);
                Row<V, P>(a + 2 * stride, b0, b1, ref c20, ref c21);
                Row<V, P>(a + 3 * stride, b0, b1, ref c30, ref c31);
                Row<V, P>(a + 4 * stride, b0, b1, ref c40, ref c41);
                Row<V, P>(a + 5 * stride, b0, b1, ref c50, ref c51);
                if (V.Registers == 32)
                {
                    Row<V, P>(a + 6 * stride, b0, b1, ref c60, ref c61);
                    Row<V, P>(a + 7 * stride, b0, b1, ref c70, ref c71);
                    Row<V, P>(a + 8 * stride, b0, b1, ref c80, ref c81);
                    Row<V, P>(a + 9 * stride, b0, b1, ref c90, ref c91);
                    Row<V, P>(a + 10 * stride, b0, b1, ref cA0, ref cA1);
                    Row<V, P>(a + 11 * stride, b0, b1, ref cB0, ref cB1);
                }
                b += bStride;
            }

            // A comparison of types is decided before inlining. Otherwise these calls would use up the inlining budget of integer tiles.
            if (typeof(P) == typeof(FloatProduct))
            {
                Put(c, c00, c01, accumulate);
                Put(c + cStride, c10, c11, accumulate);
                Put(c + 2 * cStride, c20, c21, accumulate);
                Put(c + 3 * cStride, c30, c31, accumulate);
                Put(c + 4 * cStride, c40, c41, accumulate);
                Put(c + 5 * cStride, c50, c51, accumulate);
                if (V.Registers == 32)
                {
                    Put(c + 6 * cStride, c60, c61, accumulate);
                    Put(c + 7 * cStride, c70, c71, accumulate);
                    Put(c + 8 * cStride, c80, c81, accumulate);
                    Put(c + 9 * cStride, c90, c91, accumulate);
                    Put(c + 10 * cStride, cA0, cA1, accumulate);
                    Put(c + 11 * cStride, cB0, cB1, accumulate);
                }

                return;
            }

            Keep(sums, c00, c01);
            Keep(sums + 2 * V.Count, c10, c11);
            Keep(sums + 4 * V.Count, c20, c21);
            Keep(sums + 6 * V.Count, c30, c31);
            Keep(sums + 8 * V.Count, c40, c41);
            Keep(sums + 10 * V.Count, c50, c51);
            if (V.Registers == 32)
            {
                Keep(sums + 12 * V.Count, c60, c61);
                Keep(sums + 14 * V.Count, c70, c71);
                Keep(sums + 16 * V.Count, c80, c81);
                Keep(sums + 18 * V.Count, c90, c91);
                Keep(sums + 20 * V.Count, cA0, cA1);
                Keep(sums + 22 * V.Count, cB0, cB1);
            }

            P.Add<V>(sums, Rows<V>(), 2 * V.Count, c, cStride, scales, bScales, corrections, accumulate);
            accumulate = true;
            scales++;
            bScales += bStride;
        }
        while (groupLength != 0 && a < end);
    }

    /// <summary>
    /// The same with one column of registers and 12 rows, for a last panel that is half empty: as many independent chains as with 6 rows,
    /// but 13 loads for 12 multiply-adds.
    /// </summary>
    /// <param name="a">[NarrowRows, P.Stride], as above.</param>
    /// <param name="b">[k, V.Count], and below that scales and corrections.</param>
    /// <param name="c">[NarrowRows, cStride], V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="k">Elements of the sums, at least 1; whole groups.</param>
    /// <param name="accumulate">Whether the tile is added to the content of c.</param>
    [SkipLocalsInit] // sums are written before they are read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow<V, P>(float* a, float* b, float* c, nint cStride, int k, bool accumulate)
        where V : struct, ISimd<V> where P : struct, ITileElements
    {
        int stride = P.Stride, groupLength = P.GroupLength; // constants in local variables: the JIT inlines only a limited number of calls
        float* sums = stackalloc float[NarrowRows * V.Count];
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

            V.Store(sums, c0);
            V.Store(sums + V.Count, c1);
            V.Store(sums + 2 * V.Count, c2);
            V.Store(sums + 3 * V.Count, c3);
            V.Store(sums + 4 * V.Count, c4);
            V.Store(sums + 5 * V.Count, c5);
            V.Store(sums + 6 * V.Count, c6);
            V.Store(sums + 7 * V.Count, c7);
            V.Store(sums + 8 * V.Count, c8);
            V.Store(sums + 9 * V.Count, c9);
            V.Store(sums + 10 * V.Count, cA);
            V.Store(sums + 11 * V.Count, cB);
            P.Add<V>(sums, NarrowRows, V.Count, c, cStride, scales, bScales, corrections, accumulate);
            accumulate = true;
            scales++;
            bScales += V.Count;
        }
        while (groupLength != 0 && a < end);
    }

    // One row in one step.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<V, P>(float* a, V b0, V b1, ref V c0, ref V c1) where V : struct, ISimd<V> where P : struct, ITileElements
    {
        V factor = V.Broadcast(*a);
        P.Accumulate(ref c0, factor, b0);
        P.Accumulate(ref c1, factor, b1);
    }

    // Floats go from the registers to their place; integers by way of memory, since their scales need registers too.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V>(float* c, V low, V high, bool accumulate) where V : struct, ISimd<V>
    {
        V.Store(c, accumulate ? V.Load(c) + low : low);
        V.Store(c + V.Count, accumulate ? V.Load(c + V.Count) + high : high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep<V>(float* sums, V low, V high) where V : struct, ISimd<V>
    {
        V.Store(sums, low);
        V.Store(sums + V.Count, high);
    }
}
