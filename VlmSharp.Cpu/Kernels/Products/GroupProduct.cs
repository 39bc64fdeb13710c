using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>Integers of a group format: two 16-bit or four 8-bit integers in an element.</summary>
internal readonly unsafe struct GroupProduct<Q> : ITileElements where Q : struct, IUnpackedGroups
{
    public static int Stride
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Tile.Stride / Q.Group * (GroupLength + 1);
    }

    public static int Groups
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Tile.Stride / Q.Group;
    }

    public static int GroupLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Q.Group * Q.ActivationBytes / sizeof(float);
    }

    public static int Elements(int k) => k / Q.Group * GroupLength;

    public static int PanelRows(int k) => Elements(k) + k / Q.Group * (Q.Offset == 0 ? 1 : 2);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>
    {
        byte* group = weight.At(row) + (nint)(column / Q.Group) * Q.Bytes;
        ushort* scale = weight.ScalesAt(row) + column / Q.Group;
        float* scales = target + Stride - Groups;
        for (int g = 0; g < count / Q.Group; g++, group += Q.Bytes, target += GroupLength)
        {
            Q.UnpackGroup(group, (byte*)target);
            scales[g] = BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(scale + g));
        }
    }

    [SkipLocalsInit] // written before it is read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* x, nint xStride, int rows, int k, float* panel, int width)
    {
        int length = PanelRows(k), groups = k / Q.Group;
        float* block = stackalloc float[rows * length]; // [rows][elements of all groups, scales, corrections]
        short* group = stackalloc short[Q.Group];
        for (int t = 0; t < rows; t++)
        {
            float* elements = block + t * length, scales = elements + groups * GroupLength, corrections = scales + groups;
            for (int g = 0; g < groups; g++)
            {
                scales[g] = Rounding.Round<Q>(x + t * xStride + g * Q.Group, group, out int sum);
                Q.ArrangeGroup(group, (byte*)(elements + g * GroupLength));
                if (Q.Offset != 0) corrections[g] = -Q.Offset * sum * scales[g];
            }
        }

        Packing.Transpose(block, length, rows, length, panel, width);
    }

    public static void Multiply<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V> =>
        Tile.Multiply<V, GroupProduct<Q>>(a, b, c, cStride, k, accumulate);

    public static void MultiplyNarrow<V>(float* a, float* b, float* c, nint cStride, int k, bool accumulate) where V : struct, ISimd<V> =>
        Tile.MultiplyNarrow<V, GroupProduct<Q>>(a, b, c, cStride, k, accumulate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V> => Q.AddProducts(ref sum, a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<V>(
        float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>
    {
        if (!accumulate)
            for (int r = 0; r < rows; r++) new Span<float>(c + r * cStride, columns).Clear();
        bool one = columns == V.Count, corrected = Q.Offset != 0;
        V a0 = V.Load(bScales), a1 = one ? a0 : V.Load(bScales + V.Count);
        V correction0 = corrected ? V.Load(bScales + corrections) : V.Zero;
        V correction1 = !corrected || one ? correction0 : V.Load(bScales + corrections + V.Count);
        float* end = sums + (nint)rows * columns;
        if (one)
        {
            for (; sums < end; sums += V.Count, scales += Stride, c += cStride) Put(sums, a0, correction0, scales, c);
            return;
        }

        for (; sums < end; sums += 2 * V.Count, scales += Stride, c += cStride)
        {
            Put(sums, a0, correction0, scales, c);
            Put(sums + V.Count, a1, correction1, scales, c + V.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V>(float* sum, V a, V correction, float* scale, float* c) where V : struct, ISimd<V> =>
        V.Store(c, V.MultiplyAdd(V.Broadcast(*scale), V.MultiplyAdd(Q.ToFloats(V.Load(sum)), a, correction), V.Load(c)));
}
