using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The micro-kernel for integer weights with activations of 8 bits, as <see cref="Tile"/> is for floats. Within a group every product
/// and sum is exact:
/// <code>
/// c[r, j] += sum_g s[r, g] a[j, g] ( sum_{i in g} q[r, i] u[j, i]  +  m[r, g] )      u = z + 128,  m = -128 sum_i q[r, i]
/// </code>
/// One instruction multiplies the bytes of two registers and adds the products in fours: four times the multiply-adds of floats
/// (AVX-VNNI's <c>vpdpbusd</c>). One of its factors is unsigned, so 128 is added to the activations. The effect on a group's sum does not
/// depend on the activations, so the sums start at m instead of 0.
/// </summary>
/// <remarks>
/// 6 x 16 with 256 bits, 6 x 8 with 128: twelve registers of sums, two of activations, one of weights. The instruction has no 512 bits and
/// sixteen registers even if the processor has thirty-two. The sums of a group go straight from their registers to c, which is in the
/// first-level cache.
/// </remarks>
internal static unsafe class ByteTile
{
    /// <summary>Rows of a tile; the narrow tile has twice as many.</summary>
    public const int Rows = 6;

    /// <summary>Activations in an element, and weights.</summary>
    public const int Bytes = 4;

    /// <summary>Activations that share a scale.</summary>
    public const int Group = 32;

    /// <summary>Groups of a block.</summary>
    public const int Groups = Tile.Stride / Group;

    /// <summary>Elements of a group.</summary>
    public const int Length = Group / Bytes;

    /// <summary>Elements between the rows of the left operand: a block of integers, then m, then s of their groups.</summary>
    public const int Stride = Tile.Stride / Bytes + 2 * Groups;

    /// <summary>One tile.</summary>
    /// <param name="left">q, m, s: [Rows, Stride].</param>
    /// <param name="right">u: [groups * elements of a group, 2 V.Count], then a: [groups, 2 V.Count].</param>
    /// <param name="c">[Rows, cStride], 2 V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="groups">Groups of the sums, at least 1.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<V>(float* left, float* right, float* c, nint cStride, int groups, bool accumulate)
        where V : struct, ISimd<V>
    {
        float* q = left, start = q + Tile.Stride / Bytes;
        float* s = left + Stride - Groups, a = right + groups * Length * 2 * V.Count;
        if (!accumulate) Clear(c, cStride, Rows, 2 * V.Count);
        for (int g = 0; g < groups; g++, start++, s++, a += 2 * V.Count)
        {
            V c00 = V.Broadcast(*start), c01 = c00;
            V c10 = V.Broadcast(start[Stride]), c11 = c10;
            V c20 = V.Broadcast(start[2 * Stride]), c21 = c20;
            V c30 = V.Broadcast(start[3 * Stride]), c31 = c30;
            V c40 = V.Broadcast(start[4 * Stride]), c41 = c40;
            V c50 = V.Broadcast(start[5 * Stride]), c51 = c50;
            for (float* end = q + Length; q < end; q++, right += 2 * V.Count)
            {
                V u0 = V.Load(right), u1 = V.Load(right + V.Count);
                V factor = V.Broadcast(*q);
                V.AccumulateBytes(ref c00, u0, factor);
                V.AccumulateBytes(ref c01, u1, factor);
                factor = V.Broadcast(q[Stride]);
                V.AccumulateBytes(ref c10, u0, factor);
                V.AccumulateBytes(ref c11, u1, factor);
                factor = V.Broadcast(q[2 * Stride]);
                V.AccumulateBytes(ref c20, u0, factor);
                V.AccumulateBytes(ref c21, u1, factor);
                factor = V.Broadcast(q[3 * Stride]);
                V.AccumulateBytes(ref c30, u0, factor);
                V.AccumulateBytes(ref c31, u1, factor);
                factor = V.Broadcast(q[4 * Stride]);
                V.AccumulateBytes(ref c40, u0, factor);
                V.AccumulateBytes(ref c41, u1, factor);
                factor = V.Broadcast(q[5 * Stride]);
                V.AccumulateBytes(ref c50, u0, factor);
                V.AccumulateBytes(ref c51, u1, factor);
            }

            V a0 = V.Load(a), a1 = V.Load(a + V.Count);
            Add(c, c00, c01, a0, a1, *s);
            Add(c + cStride, c10, c11, a0, a1, s[Stride]);
            Add(c + 2 * cStride, c20, c21, a0, a1, s[2 * Stride]);
            Add(c + 3 * cStride, c30, c31, a0, a1, s[3 * Stride]);
            Add(c + 4 * cStride, c40, c41, a0, a1, s[4 * Stride]);
            Add(c + 5 * cStride, c50, c51, a0, a1, s[5 * Stride]);
        }
    }

    /// <summary>The same with one column of registers and twice the rows, for a last panel that is half empty.</summary>
    /// <param name="left">[2 Rows, Stride], as above.</param>
    /// <param name="right">As above, V.Count columns.</param>
    /// <param name="c">[2 Rows, cStride], V.Count columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="groups">Groups of the sums, at least 1.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow<V>(float* left, float* right, float* c, nint cStride, int groups, bool accumulate)
        where V : struct, ISimd<V>
    {
        float* q = left, start = q + Tile.Stride / Bytes;
        float* s = left + Stride - Groups, a = right + groups * Length * V.Count;
        if (!accumulate) Clear(c, cStride, 2 * Rows, V.Count);
        for (int g = 0; g < groups; g++, start++, s++, a += V.Count)
        {
            V c0 = V.Broadcast(*start), c1 = V.Broadcast(start[Stride]), c2 = V.Broadcast(start[2 * Stride]);
            V c3 = V.Broadcast(start[3 * Stride]), c4 = V.Broadcast(start[4 * Stride]), c5 = V.Broadcast(start[5 * Stride]);
            V c6 = V.Broadcast(start[6 * Stride]), c7 = V.Broadcast(start[7 * Stride]), c8 = V.Broadcast(start[8 * Stride]);
            V c9 = V.Broadcast(start[9 * Stride]), cA = V.Broadcast(start[10 * Stride]), cB = V.Broadcast(start[11 * Stride]);
            for (float* end = q + Length; q < end; q++, right += V.Count)
            {
                V u = V.Load(right);
                V.AccumulateBytes(ref c0, u, V.Broadcast(*q));
                V.AccumulateBytes(ref c1, u, V.Broadcast(q[Stride]));
                V.AccumulateBytes(ref c2, u, V.Broadcast(q[2 * Stride]));
                V.AccumulateBytes(ref c3, u, V.Broadcast(q[3 * Stride]));
                V.AccumulateBytes(ref c4, u, V.Broadcast(q[4 * Stride]));
                V.AccumulateBytes(ref c5, u, V.Broadcast(q[5 * Stride]));
                V.AccumulateBytes(ref c6, u, V.Broadcast(q[6 * Stride]));
                V.AccumulateBytes(ref c7, u, V.Broadcast(q[7 * Stride]));
                V.AccumulateBytes(ref c8, u, V.Broadcast(q[8 * Stride]));
                V.AccumulateBytes(ref c9, u, V.Broadcast(q[9 * Stride]));
                V.AccumulateBytes(ref cA, u, V.Broadcast(q[10 * Stride]));
                V.AccumulateBytes(ref cB, u, V.Broadcast(q[11 * Stride]));
            }

            V scale = V.Load(a);
            Add(c, c0, scale, *s);
            Add(c + cStride, c1, scale, s[Stride]);
            Add(c + 2 * cStride, c2, scale, s[2 * Stride]);
            Add(c + 3 * cStride, c3, scale, s[3 * Stride]);
            Add(c + 4 * cStride, c4, scale, s[4 * Stride]);
            Add(c + 5 * cStride, c5, scale, s[5 * Stride]);
            Add(c + 6 * cStride, c6, scale, s[6 * Stride]);
            Add(c + 7 * cStride, c7, scale, s[7 * Stride]);
            Add(c + 8 * cStride, c8, scale, s[8 * Stride]);
            Add(c + 9 * cStride, c9, scale, s[9 * Stride]);
            Add(c + 10 * cStride, cA, scale, s[10 * Stride]);
            Add(c + 11 * cStride, cB, scale, s[11 * Stride]);
        }
    }

    private static void Clear(float* c, nint cStride, int rows, int columns)
    {
        for (int r = 0; r < rows; r++) new Span<float>(c + r * cStride, columns).Clear();
    }

    // c += s a sum, of one row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V>(float* c, V low, V high, V a0, V a1, float s) where V : struct, ISimd<V>
    {
        V scale = V.Broadcast(s);
        V.Store(c, V.MultiplyAdd(scale, a0 * V.ConvertInt32(low), V.Load(c)));
        V.Store(c + V.Count, V.MultiplyAdd(scale, a1 * V.ConvertInt32(high), V.Load(c + V.Count)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V>(float* c, V sum, V a, float s) where V : struct, ISimd<V> =>
        V.Store(c, V.MultiplyAdd(V.Broadcast(s), a * V.ConvertInt32(sum), V.Load(c)));
}
