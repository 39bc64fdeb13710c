using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Simd;

/// <summary>
/// Integers in groups that share a scale. <see cref="IntegerGemv"/> reads them where they are stored, <c>V.Count</c> groups at a time;
/// <see cref="Tile"/> reads them unpacked, group by group.
/// </summary>
internal unsafe interface IGroupFormat
{
    /// <summary>How it is stored.</summary>
    static abstract DType DType { get; }

    /// <summary>Weights of a group.</summary>
    static abstract int Group { get; }

    /// <summary>Bytes of a group.</summary>
    static abstract int Bytes { get; }

    /// <summary>The integer that stands for the largest activation of a group: activations have 16 bits or 8.</summary>
    static abstract int MostActivation { get; }

    /// <summary>Bytes of an activation.</summary>
    static abstract int ActivationBytes { get; }

    /// <summary>What is added to a weight where it is stored, so that it has no sign; it comes off each group's sum again.</summary>
    static abstract int Offset { get; }

    /// <summary>Widens a group to 16-bit integers, in the order of the row.</summary>
    static abstract void Unpack(byte* group, short* target);

    // For IntegerGemv.

    /// <summary>Where the scale of the g-th group of a step stands.</summary>
    static abstract int ScalePlace<V>(int g) where V : struct, ISimd<V>;

    /// <summary>Puts the integers of a step's activations, which lie in the order of the row, in that of <see cref="Accumulate"/>.</summary>
    /// <param name="x">V.Count groups.</param>
    /// <param name="target">As many, of <see cref="ActivationBytes"/> each.</param>
    static abstract void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V>;

    /// <summary>
    /// For each of <see cref="IntegerGemv.RowsAtOnce"/> rows r,
    /// sums[r] += sum_g s[r, g] a[g] (sum_i (w[r, g, i] + offset) x[g, i] + correction[g]), spread over the elements of the sum.
    /// </summary>
    /// <param name="sums">V.Count for each row.</param>
    /// <param name="w">The weights of each row.</param>
    /// <param name="scales">s, bfloat16, of each row.</param>
    /// <param name="x">The activations.</param>
    /// <param name="groups">How many, whole steps.</param>
    static abstract void Accumulate<V>(float* sums, byte** w, ushort** scales, in IntegerRow x, int groups) where V : struct, ISimd<V>;

    // For Tile. Weights and activations of a group may be in any order, as long as it is the same one: that of the row for int8, for int4
    // that in which the nibbles come out, 0, 16, 1, 17, ... 7, 23, then 8, 24, ... 15, 31.

    /// <summary>Unpacks a group of weights to integers of <see cref="ActivationBytes"/>, with the <see cref="Offset"/>.</summary>
    /// <param name="group">As stored.</param>
    /// <param name="target">The integers, in the order of <see cref="Tile"/>.</param>
    static abstract void UnpackElements(byte* group, byte* target);

    /// <summary>Puts the integers of one group's activations, which lie in the order of the row, in the order of <see cref="Tile"/>.</summary>
    /// <param name="x">A group.</param>
    /// <param name="target">As many integers of <see cref="ActivationBytes"/> each.</param>
    static abstract void ArrangeGroup(short* x, byte* target);

    /// <summary>Adds the products of all integers that the 32 bits of each element hold.</summary>
    /// <param name="sum">Sums, which <see cref="ToFloats"/> understands.</param>
    /// <param name="w">Weights, from <see cref="UnpackElements"/>.</param>
    /// <param name="x">Activations.</param>
    static abstract void AddProducts<V>(ref V sum, V w, V x) where V : struct, ISimd<V>;

    /// <summary>The sums of a group as floats.</summary>
    static abstract V ToFloats<V>(V sum) where V : struct, ISimd<V>;
}

/// <summary>Bytes, 64 to a group, in the order of the row; activations of 16 bits.</summary>
internal readonly unsafe struct Int8Format : IGroupFormat
{
    public static DType DType => DType.Int8;

    public static int Group => 64;

    public static int Bytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* group, short* target)
    {
        for (int i = 0; i < 64; i += 8) Integers.Widen8((sbyte*)group + i).Store(target + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackElements(byte* group, byte* target) => Unpack(group, (short*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ArrangeGroup(short* x, byte* target) => Buffer.MemoryCopy(x, target, 128, 128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProducts<V>(ref V sum, V w, V x) where V : struct, ISimd<V> => V.AccumulateInt16(ref sum, w, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloats<V>(V sum) where V : struct, ISimd<V> => V.ConvertInt32(sum);

    public static int MostActivation => short.MaxValue;

    public static int ActivationBytes => sizeof(short);

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScalePlace<V>(int g) where V : struct, ISimd<V> => g;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V> =>
        Buffer.MemoryCopy(x, target, V.Count * 128, V.Count * 128);

    // Group by group through all rows, so that their streams advance together.
    [SkipLocalsInit] // the factors are written before they are read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate<V>(float* sums, byte** w, ushort** scales, in IntegerRow x, int groups) where V : struct, ISimd<V>
    {
        float* factors = stackalloc float[IntegerGemv.RowsAtOnce * V.Count]; // s a
        sbyte* w0 = (sbyte*)w[0], w1 = (sbyte*)w[1], w2 = (sbyte*)w[2], w3 = (sbyte*)w[3];
        V y0 = V.Load(sums), y1 = V.Load(sums + V.Count), y2 = V.Load(sums + 2 * V.Count), y3 = V.Load(sums + 3 * V.Count);
        var z = (short*)x.Integers;
        for (nint first = 0; first < groups; first += V.Count)
        {
            V a = V.Load(x.Scales + first);
            for (int r = 0; r < IntegerGemv.RowsAtOnce; r++) V.Store(factors + r * V.Count, V.LoadBF16((byte*)(scales[r] + first)) * a);
            for (float* factor = factors, end = factors + V.Count; factor < end; factor++, z += 64, w0 += 64, w1 += 64, w2 += 64, w3 += 64)
            {
                V.Accumulate(ref y0, V.Int8Products(w0, z), V.Broadcast(*factor));
                V.Accumulate(ref y1, V.Int8Products(w1, z), V.Broadcast(factor[V.Count]));
                V.Accumulate(ref y2, V.Int8Products(w2, z), V.Broadcast(factor[2 * V.Count]));
                V.Accumulate(ref y3, V.Int8Products(w3, z), V.Broadcast(factor[3 * V.Count]));
            }
        }

        V.Store(sums, y0);
        V.Store(sums + V.Count, y1);
        V.Store(sums + 2 * V.Count, y2);
        V.Store(sums + 3 * V.Count, y3);
    }
}

/// <summary>Nibbles, 32 to a group of 16 bytes; activations of 8 bits.</summary>
internal readonly unsafe struct Int4Format : IGroupFormat
{
    public static DType DType => DType.Int4;

    public static int Group => 32;

    public static int Bytes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* group, short* target)
    {
        Vector128<ushort> words = Vector128.Load((ushort*)group), mask = Vector128.Create((ushort)15), eight = Vector128.Create((ushort)8);
        ((words & mask) - eight).Store((ushort*)target);
        (((words >> 4) & mask) - eight).Store((ushort*)target + 8);
        (((words >> 8) & mask) - eight).Store((ushort*)target + 16);
        ((words >> 12) - eight).Store((ushort*)target + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackElements(byte* group, byte* target)
    {
        Vector128<ushort> words = Vector128.Load((ushort*)group), mask = Vector128.Create((ushort)0x0F0F);
        (words & mask).Store((ushort*)target);
        ((words >> 4) & mask).Store((ushort*)target + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ArrangeGroup(short* x, byte* target)
    {
        ArrangeHalf(x, target);
        ArrangeHalf(x + 8, target + 16);
    }

    // What belongs to the lower nibbles of a group, or 8 elements further on to the upper ones: bytes 2j and 2j + 1 of a group hold the
    // elements j and j + 16 there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ArrangeHalf(short* x, byte* target) =>
        ((Vector128.Load(x) & Vector128.Create((short)0xFF)) | (Vector128.Load(x + 16) << 8)).Store((short*)target);

    // The products of a group stay within 16 bits: each sum is of 16, at most 15 * 128 each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProducts<V>(ref V sum, V w, V x) where V : struct, ISimd<V> => V.AccumulateInt8(ref sum, w, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloats<V>(V sum) where V : struct, ISimd<V> => V.ConvertInt16Pairs(sum);

    public static int MostActivation => sbyte.MaxValue;

    public static int ActivationBytes => sizeof(sbyte);

    public static int Offset => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScalePlace<V>(int g) where V : struct, ISimd<V> => g % (V.Count / 4) * 4 + g / (V.Count / 4);

    // Of each register of weights, which holds V.Count / 4 groups, first what belongs to the lower nibbles, then the upper ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V>
    {
        int groups = V.Count / 4;
        for (int first = 0; first < V.Count; first += groups)
            for (int nibble = 0; nibble < 2; nibble++)
                for (int group = first; group < first + groups; group++, target += 16) ArrangeHalf(x + 32 * group + 8 * nibble, target);
    }

    public static void Accumulate<V>(float* sums, byte** w, ushort** scales, in IntegerRow x, int groups) where V : struct, ISimd<V> =>
        Accumulate<V>(sums, w, scales, x, groups, 0);

    // zero is 0: an offset that the compiler does not know, for otherwise it would keep the activations for the next row, in registers
    // that there are not.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Accumulate<V>(float* sums, byte** w, ushort** scales, in IntegerRow x, int groups, nint zero) where V : struct, ISimd<V>
    {
        byte* w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
        ushort* s0 = scales[0], s1 = scales[1], s2 = scales[2], s3 = scales[3];
        V y0 = V.Load(sums), y1 = V.Load(sums + V.Count), y2 = V.Load(sums + 2 * V.Count), y3 = V.Load(sums + 3 * V.Count);
        var z = (sbyte*)x.Integers;
        float* a = x.Scales, correction = x.Corrections;
        for (nint g = 0; g < groups; g += V.Count, z += 32 * V.Count)
        {
            sbyte* z1 = z + zero, z2 = z1 + zero, z3 = z2 + zero;
            V.Accumulate(ref y0, V.LoadScales(s0 + g) * V.Load(a + g), V.Int4Products(w0 + 16 * g, z) + V.Load(correction + g));
            V.Accumulate(ref y1, V.LoadScales(s1 + g) * V.Load(a + g), V.Int4Products(w1 + 16 * g, z1) + V.Load(correction + g));
            V.Accumulate(ref y2, V.LoadScales(s2 + g) * V.Load(a + g), V.Int4Products(w2 + 16 * g, z2) + V.Load(correction + g));
            V.Accumulate(ref y3, V.LoadScales(s3 + g) * V.Load(a + g), V.Int4Products(w3 + 16 * g, z3) + V.Load(correction + g));
        }

        V.Store(sums, y0);
        V.Store(sums + V.Count, y1);
        V.Store(sums + 2 * V.Count, y2);
        V.Store(sums + 3 * V.Count, y3);
    }
}

/// <summary>Rows of integers with scales.</summary>
internal readonly unsafe struct Grouped<Q> : IWeightFormat where Q : struct, IGroupFormat
{
    public static DType DType => Q.DType;

    /// <summary>Widens a row to fp32.</summary>
    /// <param name="weight">The parameter.</param>
    /// <param name="row">Which of its rows.</param>
    /// <param name="count">Columns.</param>
    /// <param name="target">[count].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen<V>(in WeightRows weight, int row, int count, float* target) where V : struct, ISimd<V>
    {
        short* integers = stackalloc short[Q.Group];
        byte* group = weight.At(row);
        ushort* scale = weight.ScalesAt(row);
        for (float* end = target + count; target < end; target += Q.Group, group += Q.Bytes, scale++)
        {
            Q.Unpack(group, integers);
            V factor = V.Broadcast(BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(scale)));
            for (int i = 0; i < Q.Group; i += V.Count) V.Store(target + i, V.LoadInt16(integers + i) * factor);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>
    {
        byte* group = weight.At(row) + (nint)(column / Q.Group) * Q.Bytes;
        ushort* scale = weight.ScalesAt(row) + column / Q.Group;
        float* scales = target + GroupProduct<Q>.Stride - GroupProduct<Q>.Groups;
        for (int g = 0; g < count / Q.Group; g++, group += Q.Bytes, target += GroupProduct<Q>.GroupLength)
        {
            Q.UnpackElements(group, (byte*)target);
            scales[g] = BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(scale + g));
        }
    }

    public static PreparedRows Prepare<V>(CpuContext context, HostMatrix x) where V : struct, ISimd<V> => IntegerRows.From<V, Q>(context, x);

    public static void Multiply<V>(in PreparedRows x, WeightRows weight, int rows, float* y, nint yStride) where V : struct, ISimd<V> =>
        IntegerGemv.Multiply<V, Q>(x, weight, rows, y, yStride);
}
