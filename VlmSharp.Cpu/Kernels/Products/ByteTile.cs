using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The micro-kernel for integer weights with activations of 8 bits, as <see cref="Tile"/> is for floats. Within a group every product
/// and sum is exact:
/// <code>
/// c[r, j] += sum_g s[r, g] a[j, g] ( sum_{i in g} q[r, i] u[j, i]  +  m[r, g] )      u = z + 128,  m = -128 sum_i q[r, i]
/// </code>
/// One instruction multiplies 32 bytes and adds the products in fours: 32 multiply-adds where a register of floats has 8 (AVX-VNNI's
/// <c>vpdpbusd</c>). One of its factors is unsigned, so 128 is added to the activations. The effect on a group's sum does not
/// depend on the activations, so the sums start at m instead of 0.
/// </summary>
/// <remarks>
/// 6 x 16: twelve registers of sums, two of activations, one of weights. The instruction has sixteen registers even if the processor
/// has thirty-two. The sums of a group go straight from their registers to c, which is in the first-level cache.
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

    private const int Count = 8; // elements of a register

    /// <summary>One tile.</summary>
    /// <param name="left">q, m, s: [Rows, Stride].</param>
    /// <param name="right">u: [groups * elements of a group, 16], then a: [groups, 16].</param>
    /// <param name="c">[Rows, cStride], 16 columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="groups">Groups of the sums, at least 1.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* left, float* right, float* c, nint cStride, int groups, bool accumulate)
    {
        int* q = (int*)left, start = q + Tile.Stride / Bytes;
        float* s = left + Stride - Groups, a = right + groups * Length * 2 * Count;
        if (!accumulate) Clear(c, cStride, Rows, 2 * Count);
        for (int g = 0; g < groups; g++, start++, s++, a += 2 * Count)
        {
            Vector256<int> c00 = Vector256.Create(*start), c01 = c00;
            Vector256<int> c10 = Vector256.Create(start[Stride]), c11 = c10;
            Vector256<int> c20 = Vector256.Create(start[2 * Stride]), c21 = c20;
            Vector256<int> c30 = Vector256.Create(start[3 * Stride]), c31 = c30;
            Vector256<int> c40 = Vector256.Create(start[4 * Stride]), c41 = c40;
            Vector256<int> c50 = Vector256.Create(start[5 * Stride]), c51 = c50;
            for (int* end = q + Length; q < end; q++, right += 2 * Count)
            {
                Vector256<byte> u0 = Vector256.Load((byte*)right), u1 = Vector256.Load((byte*)(right + Count));
                Vector256<sbyte> factor = Vector256.Create(*q).AsSByte();
                c00 = IntegerInstructions.AddProducts(c00, u0, factor);
                c01 = IntegerInstructions.AddProducts(c01, u1, factor);
                factor = Vector256.Create(q[Stride]).AsSByte();
                c10 = IntegerInstructions.AddProducts(c10, u0, factor);
                c11 = IntegerInstructions.AddProducts(c11, u1, factor);
                factor = Vector256.Create(q[2 * Stride]).AsSByte();
                c20 = IntegerInstructions.AddProducts(c20, u0, factor);
                c21 = IntegerInstructions.AddProducts(c21, u1, factor);
                factor = Vector256.Create(q[3 * Stride]).AsSByte();
                c30 = IntegerInstructions.AddProducts(c30, u0, factor);
                c31 = IntegerInstructions.AddProducts(c31, u1, factor);
                factor = Vector256.Create(q[4 * Stride]).AsSByte();
                c40 = IntegerInstructions.AddProducts(c40, u0, factor);
                c41 = IntegerInstructions.AddProducts(c41, u1, factor);
                factor = Vector256.Create(q[5 * Stride]).AsSByte();
                c50 = IntegerInstructions.AddProducts(c50, u0, factor);
                c51 = IntegerInstructions.AddProducts(c51, u1, factor);
            }

            Vector256<float> a0 = Vector256.Load(a), a1 = Vector256.Load(a + Count);
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
    /// <param name="right">As above, 8 columns.</param>
    /// <param name="c">[2 Rows, cStride], 8 columns of it.</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="groups">Groups of the sums, at least 1.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow(float* left, float* right, float* c, nint cStride, int groups, bool accumulate)
    {
        int* q = (int*)left, start = q + Tile.Stride / Bytes;
        float* s = left + Stride - Groups, a = right + groups * Length * Count;
        if (!accumulate) Clear(c, cStride, 2 * Rows, Count);
        for (int g = 0; g < groups; g++, start++, s++, a += Count)
        {
            Vector256<int> c0 = Vector256.Create(*start), c1 = Vector256.Create(start[Stride]), c2 = Vector256.Create(start[2 * Stride]);
            Vector256<int> c3 = Vector256.Create(start[3 * Stride]), c4 = Vector256.Create(start[4 * Stride]);
            Vector256<int> c5 = Vector256.Create(start[5 * Stride]);
            Vector256<int> c6 = Vector256.Create(start[6 * Stride]), c7 = Vector256.Create(start[7 * Stride]);
            Vector256<int> c8 = Vector256.Create(start[8 * Stride]);
            Vector256<int> c9 = Vector256.Create(start[9 * Stride]), cA = Vector256.Create(start[10 * Stride]);
            Vector256<int> cB = Vector256.Create(start[11 * Stride]);
            for (int* end = q + Length; q < end; q++, right += Count)
            {
                Vector256<byte> u = Vector256.Load((byte*)right);
                c0 = IntegerInstructions.AddProducts(c0, u, Vector256.Create(*q).AsSByte());
                c1 = IntegerInstructions.AddProducts(c1, u, Vector256.Create(q[Stride]).AsSByte());
                c2 = IntegerInstructions.AddProducts(c2, u, Vector256.Create(q[2 * Stride]).AsSByte());
                c3 = IntegerInstructions.AddProducts(c3, u, Vector256.Create(q[3 * Stride]).AsSByte());
                c4 = IntegerInstructions.AddProducts(c4, u, Vector256.Create(q[4 * Stride]).AsSByte());
                c5 = IntegerInstructions.AddProducts(c5, u, Vector256.Create(q[5 * Stride]).AsSByte());
                c6 = IntegerInstructions.AddProducts(c6, u, Vector256.Create(q[6 * Stride]).AsSByte());
                c7 = IntegerInstructions.AddProducts(c7, u, Vector256.Create(q[7 * Stride]).AsSByte());
                c8 = IntegerInstructions.AddProducts(c8, u, Vector256.Create(q[8 * Stride]).AsSByte());
                c9 = IntegerInstructions.AddProducts(c9, u, Vector256.Create(q[9 * Stride]).AsSByte());
                cA = IntegerInstructions.AddProducts(cA, u, Vector256.Create(q[10 * Stride]).AsSByte());
                cB = IntegerInstructions.AddProducts(cB, u, Vector256.Create(q[11 * Stride]).AsSByte());
            }

            Vector256<float> scale = Vector256.Load(a);
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
    private static void Add(float* c, Vector256<int> low, Vector256<int> high, Vector256<float> a0, Vector256<float> a1, float s)
    {
        Vector256<float> scale = Vector256.Create(s);
        Vector256.MultiplyAddEstimate(scale, a0 * Vector256.ConvertToSingle(low), Vector256.Load(c)).Store(c);
        Vector256.MultiplyAddEstimate(scale, a1 * Vector256.ConvertToSingle(high), Vector256.Load(c + Count)).Store(c + Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* c, Vector256<int> sum, Vector256<float> a, float s) =>
        Vector256.MultiplyAddEstimate(Vector256.Create(s), a * Vector256.ConvertToSingle(sum), Vector256.Load(c)).Store(c);
}
