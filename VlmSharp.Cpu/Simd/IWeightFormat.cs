using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Simd;

/// <summary>
/// How the rows of a parameter are stored, as the products see it. Each product is compiled once per format:
/// <see cref="Plain{F}"/> over the floats of <see cref="IElementFormat"/>, <see cref="Grouped{Q}"/> over the integers of
/// <see cref="IGroupFormat"/>. A further format is one more struct below one of these and one more case in <see cref="MatrixProduct"/>.
/// </summary>
internal unsafe interface IWeightFormat
{
    /// <summary>How it is stored.</summary>
    static abstract DType DType { get; }

    /// <summary>Brings a part of a row to the form in which <see cref="Tile"/> reads it: floats, or integers with scales behind them.</summary>
    /// <param name="weight">The parameter.</param>
    /// <param name="row">Which of its rows.</param>
    /// <param name="column">First column; a multiple of <see cref="Tile.Stride"/>.</param>
    /// <param name="count">Columns, at most Tile.Stride.</param>
    /// <param name="target">As many floats as <see cref="ITileProduct.Stride"/> says.</param>
    static abstract void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>;

    /// <summary>Brings a few rows of activations to the form in which <see cref="Multiply"/> reads them.</summary>
    /// <param name="context">Scratch.</param>
    /// <param name="x">[T, in], T a handful.</param>
    static abstract PreparedRows Prepare<V>(CpuContext context, HostMatrix x) where V : struct, ISimd<V>;

    /// <summary>y[t, n] = sum_k x[t, k] w[n, k]: the same bits whatever T and n are.</summary>
    /// <param name="x">From <see cref="Prepare"/>.</param>
    /// <param name="weight">The rows of w.</param>
    /// <param name="rows">How many of them.</param>
    /// <param name="y">[T, yStride]; <paramref name="rows"/> columns of it are written.</param>
    /// <param name="yStride">Distance between rows of y.</param>
    static abstract void Multiply<V>(in PreparedRows x, WeightRows weight, int rows, float* y, nint yStride) where V : struct, ISimd<V>;
}

/// <summary>A few rows of activations, as <see cref="IWeightFormat.Prepare"/> left them.</summary>
internal readonly unsafe struct PreparedRows
{
    /// <summary>[T, in], in the order of the element format; its rows lie <see cref="Stride"/> apart.</summary>
    public HostMatrix X { get; init; }

    /// <summary>Distance between the rows of <see cref="X"/>.</summary>
    public nint Stride { get; init; }

    /// <summary>The rows as integers [T, groups, group size] of 8 or 16 bits, in the order of the group format; of integer weights only.</summary>
    public byte* Integers { get; init; }

    /// <summary>Their scales [T, groups].</summary>
    public float* Scales { get; init; }

    /// <summary>What the offset of the weights adds to each group's sum, negated [T, groups].</summary>
    public float* Corrections { get; init; }

    /// <summary>Groups of a row, filled up to whole steps.</summary>
    public int Groups { get; init; }

    /// <summary>One of the rows of integers.</summary>
    public IntegerRow Row<Q>(int t) where Q : struct, IGroupFormat =>
        new IntegerRow { Integers = Integers, Scales = Scales, Corrections = Corrections }.From<Q>((nint)t * Groups);
}

/// <summary>A row of activations as integers.</summary>
internal readonly unsafe struct IntegerRow
{
    /// <summary>The integers.</summary>
    public byte* Integers { get; init; }

    /// <summary>The scales of the groups.</summary>
    public float* Scales { get; init; }

    /// <summary>The corrections of the groups.</summary>
    public float* Corrections { get; init; }

    /// <summary>The same without the first groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IntegerRow From<Q>(nint first) where Q : struct, IGroupFormat =>
        new() { Integers = Integers + first * Q.Group * Q.ActivationBytes, Scales = Scales + first, Corrections = Corrections + first };
}

/// <summary>Rows of floats.</summary>
internal readonly unsafe struct Plain<F> : IWeightFormat where F : struct, IElementFormat
{
    private const int CacheLineFloats = 16;

    public static DType DType => F.DType;

    public static void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V> =>
        Packing.Widen<V, F>(weight.At(row) + (nint)column * F.Size, target, count);

    public static PreparedRows Prepare<V>(CpuContext context, HostMatrix x) where V : struct, ISimd<V>
    {
        if (!F.SplitsPairs) return new PreparedRows { X = x, Stride = x.Columns };
        // A cache line more than a row: rows 4 KB apart contend for one set of the first-level cache.
        nint stride = x.Columns + CacheLineFloats;
        float* split = context.Shared.Reserve(x.Rows * stride);
        for (int t = 0; t < x.Rows; t++) Packing.SplitPairs<V>(x.RowPointer(t), split + t * stride, x.Columns);
        return new PreparedRows { X = new HostMatrix(split, x.Rows, x.Columns), Stride = stride };
    }

    public static void Multiply<V>(in PreparedRows x, WeightRows weight, int rows, float* y, nint yStride) where V : struct, ISimd<V> =>
        Gemv.Multiply<V, F>(x.X.Data, x.Stride, x.X.Rows, weight, rows, x.X.Columns, y, yStride);
}

/// <summary>An element of a row of floats: its size and how a register full of them is widened to fp32.</summary>
internal unsafe interface IElementFormat
{
    /// <summary>How it is stored.</summary>
    static abstract DType DType { get; }

    /// <summary>Bytes of one element.</summary>
    static abstract int Size { get; }

    /// <summary>Widens <c>V.Count</c> elements that start at any address.</summary>
    static abstract V Load<V>(byte* source) where V : struct, ISimd<V>;

    /// <summary>Widens one element.</summary>
    static abstract float Load(byte* source);

    /// <summary>
    /// How <see cref="LoadFirst"/> and <see cref="LoadSecond"/> share out 2 <c>V.Count</c> elements: by turns, or the lower and the
    /// upper half. What they are multiplied with has to be in the same order (<see cref="Packing.SplitPairs{V}"/>).
    /// </summary>
    static abstract bool SplitsPairs { get; }

    /// <summary>Widens the even ones, or the lower half, of 2 <c>V.Count</c> elements.</summary>
    static abstract V LoadFirst<V>(byte* source) where V : struct, ISimd<V>;

    /// <summary>Widens the odd ones, or the upper half.</summary>
    static abstract V LoadSecond<V>(byte* source) where V : struct, ISimd<V>;
}

/// <summary>binary32.</summary>
internal readonly unsafe struct F32Format : IElementFormat
{
    public static DType DType => DType.F32;

    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source) where V : struct, ISimd<V> => V.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* source) => Unsafe.ReadUnaligned<float>(source);

    public static bool SplitsPairs => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadFirst<V>(byte* source) where V : struct, ISimd<V> => Load<V>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadSecond<V>(byte* source) where V : struct, ISimd<V> => Load<V>(source + V.Count * Size);
}

/// <summary>bfloat16.</summary>
internal readonly unsafe struct BF16Format : IElementFormat
{
    public static DType DType => DType.BF16;

    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source) where V : struct, ISimd<V> => V.LoadBF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* source) => BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(source));

    public static bool SplitsPairs => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadFirst<V>(byte* source) where V : struct, ISimd<V> => V.LoadEvenBF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadSecond<V>(byte* source) where V : struct, ISimd<V> => V.LoadOddBF16(source);
}

/// <summary>binary16.</summary>
internal readonly unsafe struct F16Format : IElementFormat
{
    public static DType DType => DType.F16;

    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source) where V : struct, ISimd<V> => V.LoadF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* source) => (float)Unsafe.ReadUnaligned<Half>(source);

    public static bool SplitsPairs => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadFirst<V>(byte* source) where V : struct, ISimd<V> => Load<V>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadSecond<V>(byte* source) where V : struct, ISimd<V> => Load<V>(source + V.Count * Size);
}
