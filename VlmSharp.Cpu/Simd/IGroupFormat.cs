using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu;

/// <summary>Integers in groups that share a scale, as <see cref="IntegerGemv"/> reads them.</summary>
internal unsafe interface IGroupFormat
{
    /// <summary>How it is stored.</summary>
    static abstract DType DType { get; }

    /// <summary>Weights of a group.</summary>
    static abstract int Group { get; }

    /// <summary>Bytes of a group.</summary>
    static abstract int Bytes { get; }

    /// <summary>Groups that one call of <see cref="Accumulate"/> takes.</summary>
    static abstract int GroupsAtOnce<V>() where V : struct, ISimd<V>;

    /// <summary>sum += scale[g] sum_i w[i] x[i] over the groups g of a step, spread over the elements of the sum.</summary>
    static abstract void Accumulate<V>(ref V sum, byte* w, short* x, float* scales) where V : struct, ISimd<V>;

    /// <summary>Widens a group to 16-bit integers, in the order of the row.</summary>
    static abstract void Unpack(byte* group, short* target);

    /// <summary>Puts the integers of activations, which lie in the order of the row, in that of <see cref="Accumulate"/>.</summary>
    /// <param name="x">Groups of a step or of several.</param>
    /// <param name="groups">How many.</param>
    /// <param name="groupsAtOnce">Groups of a step.</param>
    /// <param name="target">As many.</param>
    static abstract void Arrange(short* x, int groups, int groupsAtOnce, short* target);
}

/// <summary>Bytes, 64 to a group: in the order of the row, and a step is a group.</summary>
internal readonly unsafe struct Int8Format : IGroupFormat
{
    public static DType DType => DType.Int8;

    public static int Group => 64;

    public static int Bytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int GroupsAtOnce<V>() where V : struct, ISimd<V> => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, byte* w, short* x, float* scales) where V : struct, ISimd<V> =>
        V.Accumulate(ref sum, V.Int8Products((sbyte*)w, x), V.Broadcast(*scales));

    public static void Unpack(byte* group, short* target)
    {
        for (int i = 0; i < 64; i += 8) Integers.Widen8((sbyte*)group + i).Store(target + i);
    }

    public static void Arrange(short* x, int groups, int groupsAtOnce, short* target) =>
        Buffer.MemoryCopy(x, target, groups * 128L, groups * 128L);
}

/// <summary>Nibbles, 32 to a group of 16 bytes: a step is a register full of groups.</summary>
internal readonly unsafe struct Int4Format : IGroupFormat
{
    public static DType DType => DType.Int4;

    public static int Group => 32;

    public static int Bytes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int GroupsAtOnce<V>() where V : struct, ISimd<V> => V.Count / 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate<V>(ref V sum, byte* w, short* x, float* scales) where V : struct, ISimd<V> =>
        V.Accumulate(ref sum, V.Int4Products(w, x), V.Spread(scales));

    public static void Unpack(byte* group, short* target)
    {
        Vector128<short> words = Vector128.Load((short*)group);
        ((words << 12) >> 12).Store(target);
        ((words << 8) >> 12).Store(target + 8);
        ((words << 4) >> 12).Store(target + 16);
        (words >> 12).Store(target + 24);
    }

    // Of each step first what belongs to the lowest nibbles of all its groups, eight of each, then to the second.
    public static void Arrange(short* x, int groups, int groupsAtOnce, short* target)
    {
        for (int step = 0; step < groups; step += groupsAtOnce)
            for (int nibble = 0; nibble < 4; nibble++)
                for (int group = 0; group < groupsAtOnce; group++, target += 8)
                    Vector128.Load(x + 32 * (step + group) + 8 * nibble).Store(target);
    }
}

/// <summary>Rows of integers with scales.</summary>
internal readonly unsafe struct Grouped<Q> : IWeightFormat where Q : struct, IGroupFormat
{
    public static DType DType => Q.DType;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen<V>(in WeightRows weight, int row, int column, int count, float* target) where V : struct, ISimd<V>
    {
        short* integers = stackalloc short[Q.Group];
        byte* group = weight.At(row) + (nint)(column / Q.Group) * Q.Bytes;
        ushort* scale = weight.ScalesAt(row) + column / Q.Group;
        for (float* end = target + count; target < end; target += Q.Group, group += Q.Bytes, scale++)
        {
            Q.Unpack(group, integers);
            V factor = V.Broadcast(BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(scale)));
            for (int i = 0; i < Q.Group; i += V.Count) V.Store(target + i, V.LoadInt16(integers + i) * factor);
        }
    }

    public static FewRows Prepare<V>(CpuContext context, HostMatrix x) where V : struct, ISimd<V> => IntegerRows.From<V, Q>(context, x);

    public static void Multiply<V>(in FewRows x, WeightRows weight, int rows, float* y, nint yStride) where V : struct, ISimd<V> =>
        IntegerGemv.Multiply<V, Q>(x, weight, rows, y, yStride);
}
