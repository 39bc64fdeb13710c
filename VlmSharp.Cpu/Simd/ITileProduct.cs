using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu;

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

    /// <summary>c + s (a sum + correction), where c is the sum of the groups before.</summary>
    /// <param name="c">The groups before.</param>
    /// <param name="sum">The group's sums.</param>
    /// <param name="scale">s, of the row of the left operand.</param>
    /// <param name="bScales">a, of each column of the right one.</param>
    /// <param name="corrections">Of each column.</param>
    static abstract V Add<V>(V c, V sum, float* scale, float* bScales, float* corrections) where V : struct, ISimd<V>;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add<V>(V c, V sum, float* scale, float* bScales, float* corrections) where V : struct, ISimd<V> => c + sum;
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
        for (int t = 0; t < rows; t++)
        {
            float* elements = block + t * length, scales = elements + groups * GroupLength, corrections = scales + groups;
            for (int g = 0; g < groups; g++)
            {
                scales[g] = IntegerRows.RoundGroup<Q>(x + t * xStride + g * Q.Group, (byte*)(elements + g * GroupLength), out int sum);
                if (Q.Offset != 0) corrections[g] = -Q.Offset * sum * scales[g];
            }
        }

        Packing.Transpose(block, length, rows, length, panel, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, V a, V b) where V : struct, ISimd<V> => Q.AddProducts(ref sum, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add<V>(V c, V sum, float* scale, float* bScales, float* corrections) where V : struct, ISimd<V>
    {
        V scaled = Q.Offset == 0 ? Q.ToFloats(sum) * V.Load(bScales) : V.MultiplyAdd(Q.ToFloats(sum), V.Load(bScales), V.Load(corrections));
        return V.MultiplyAdd(V.Broadcast(*scale), scaled, c);
    }
}
