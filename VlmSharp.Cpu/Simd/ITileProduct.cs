using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Simd;

/// <summary>What <see cref="Tile"/> multiplies: elements of 32 bits, each a float or a few integers, and how their sums become floats.</summary>
internal unsafe interface ITileProduct
{
    /// <summary>Distance between the rows of the left operand, in elements: those of <see cref="Tile.Stride"/> numbers, and a scale for each group.</summary>
    static abstract int Stride { get; }

    /// <summary>Groups of <see cref="Tile.Stride"/> numbers; 0 of floats.</summary>
    static abstract int Groups { get; }

    /// <summary>Elements of a group; 0 of floats, whose sums run through.</summary>
    static abstract int GroupLength { get; }

    /// <summary>Elements that k numbers take.</summary>
    static abstract int Elements(int k);

    /// <summary>Rows of a panel that k numbers of each column take: elements, scales and corrections.</summary>
    static abstract int PanelRows(int k);

    /// <summary>Brings some columns of some rows of activations into a panel.</summary>
    /// <param name="x">[rows, xStride].</param>
    /// <param name="xStride">Distance between rows of x.</param>
    /// <param name="rows">Rows of x, at most <paramref name="width"/>; the panel's other columns are left alone.</param>
    /// <param name="k">Columns of x, at most <see cref="Tile.Stride"/>, whole groups.</param>
    /// <param name="panel">[PanelRows(k), width].</param>
    /// <param name="width">Columns of the panel.</param>
    static abstract void Pack(float* x, nint xStride, int rows, int k, float* panel, int width);

    /// <summary>sum += a b, of every number that the elements hold.</summary>
    static abstract void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V>;

    /// <summary>Adds a group's sums to the tile: c[r, j] += s[r] (a[j] sums[r, j] + correction[j]), of floats c[r, j] += sums[r, j].</summary>
    /// <param name="sums">[rows, columns].</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="columns">Columns of the tile, whole registers.</param>
    /// <param name="c">[rows, cStride].</param>
    /// <param name="cStride">Distance between the rows of c.</param>
    /// <param name="scales">s, <see cref="Stride"/> apart.</param>
    /// <param name="bScales">a [columns].</param>
    /// <param name="corrections">Where the corrections stand, seen from a.</param>
    /// <param name="accumulate">Whether c's content is added to.</param>
    static abstract void Add<V>(float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>;
}

/// <summary>Floats: no groups, no scales.</summary>
internal readonly unsafe struct FloatProduct : ITileProduct
{
    public static int Stride => Tile.Stride;

    public static int Groups => 0;

    public static int GroupLength => 0;

    public static int Elements(int k) => k;

    public static int PanelRows(int k) => k;

    public static void Pack(float* x, nint xStride, int rows, int k, float* panel, int width) => Packing.Transpose(x, xStride, rows, k, panel, width);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V> => V.Accumulate(ref sum, a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<V>(float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>
    {
        for (int r = 0; r < rows; r++, c += cStride)
            for (int j = 0; j < columns; j += V.Count, sums += V.Count) V.Store(c + j, accumulate ? V.Load(c + j) + V.Load(sums) : V.Load(sums));
    }
}

/// <summary>Integers of a group format: two of 16 bits or four of 8 in an element.</summary>
internal readonly unsafe struct GroupProduct<Q> : ITileProduct where Q : struct, IGroupFormat
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
                scales[g] = IntegerRows.RoundGroup<Q>(x + t * xStride + g * Q.Group, group, (byte*)(elements + g * GroupLength), out int sum);
                if (Q.Offset != 0) corrections[g] = -Q.Offset * sum * scales[g];
            }
        }

        Packing.Transpose(block, length, rows, length, panel, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V> => Q.AddProducts(ref sum, a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<V>(float* sums, int rows, int columns, float* c, nint cStride, float* scales, float* bScales, nint corrections, bool accumulate)
        where V : struct, ISimd<V>
    {
        if (!accumulate)
            for (int r = 0; r < rows; r++) new Span<float>(c + r * cStride, columns).Clear();
        bool one = columns == V.Count, corrected = Q.Offset != 0;
        V a0 = V.Load(bScales), a1 = one ? a0 : V.Load(bScales + V.Count);
        V correction0 = corrected ? V.Load(bScales + corrections) : V.Zero, correction1 = !corrected || one ? correction0 : V.Load(bScales + corrections + V.Count);
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
