using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>Nibbles, 32 to a group of 16 bytes (<see cref="Compute.DType.Int4"/>); activations of 8 bits.</summary>
internal readonly unsafe struct Int4Format : IStoredGroups, IUnpackedGroups
{
    public static int Group => 32;

    public static int Bytes => 16;

    public static int Offset => 8;

    public static int ActivationBytes => sizeof(sbyte);

    public static int MostActivation => sbyte.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* group, short* target)
    {
        Vector128<ushort> words = Vector128.Load((ushort*)group), mask = Vector128.Create((ushort)15), eight = Vector128.Create((ushort)8);
        ((words & mask) - eight).Store((ushort*)target);
        (((words >> 4) & mask) - eight).Store((ushort*)target + 8);
        (((words >> 8) & mask) - eight).Store((ushort*)target + 16);
        ((words >> 12) - eight).Store((ushort*)target + 24);
    }

    // Bytes 2j and 2j + 1 hold the elements j, j + 8, j + 16 and j + 24.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackBytes(byte* group, sbyte* target)
    {
        Vector128<ushort> words = Vector128.Load((ushort*)group), mask = Vector128.Create((ushort)15);
        Vector128<byte> low = Vector128.Narrow(words & mask, (words >> 4) & mask);
        Vector128<byte> high = Vector128.Narrow((words >> 8) & mask, words >> 12);
        (Vector256.Create(low, high) - Vector256.Create((byte)Offset)).AsSByte().Store(target);
    }

    public static int GroupsPerScale => 1;

    public static int GroupsAtOnce<V>() where V : struct, ISimd<V> => V.Count;

    // A register of bytes holds L = V.Count / 4 groups, one in each 128 bits. So four of them give the sums of V.Count groups, and the
    // four elements of the l-th 128 bits are the groups l, l + L, l + 2 L and l + 3 L. A 16-bit sum has four products of at most 15 * 127
    // each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Products<V>(byte* w, byte* x) where V : struct, ISimd<V> => V.ConvertLaneSums(
        V.NibbleProducts(w, (sbyte*)x, 0),
        V.NibbleProducts(w, (sbyte*)x, 4 * V.Count),
        V.NibbleProducts(w, (sbyte*)x, 8 * V.Count),
        V.NibbleProducts(w, (sbyte*)x, 12 * V.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadScales<V>(ushort* source) where V : struct, ISimd<V> => V.LoadLanesBF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScalePlace<V>(int g) where V : struct, ISimd<V> => g % (V.Count / 4) * 4 + g / (V.Count / 4);

    // For each register of weights, first the activations for the lower nibbles, then those for the upper ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V>
    {
        int groups = V.Count / 4;
        for (int first = 0; first < V.Count; first += groups)
            for (int nibble = 0; nibble < 2; nibble++)
                for (int group = first; group < first + groups; group++, target += 16) ArrangeHalf(x + 32 * group + 8 * nibble, target);
    }

    // In the order in which the nibbles are unpacked: 0, 16, 1, 17, ... 7, 23, then 8, 24, ... 15, 31.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackGroup(byte* group, byte* target)
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

    // The products of a group stay within 16 bits: each sum has 16 of at most 15 * 128 each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProducts<V>(ref V sum, V w, V x) where V : struct, ISimd<V> => V.AccumulateInt8(ref sum, w, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloats<V>(V sum) where V : struct, ISimd<V> => V.ConvertInt16Pairs(sum);

    // The activations for the lower nibbles of a group, or 8 elements further on for the upper ones: bytes 2j and 2j + 1 of a group hold
    // the elements j and j + 16 there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ArrangeHalf(short* x, byte* target) =>
        ((Vector128.Load(x) & Vector128.Create((short)0xFF)) | (Vector128.Load(x + 16) << 8)).Store((short*)target);
}
