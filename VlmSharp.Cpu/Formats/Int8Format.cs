using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>Bytes, 64 to a group, in the order of the row; activations of 16 bits.</summary>
internal readonly unsafe struct Int8Format : IStoredGroups, IUnpackedGroups
{
    public static int Group => 64;

    public static int Bytes => 64;

    public static int Offset => 0;

    public static int ActivationBytes => sizeof(short);

    public static int MostActivation => short.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* group, short* target)
    {
        for (int i = 0; i < 64; i += 8) IntegerInstructions.Widen8((sbyte*)group + i).Store(target + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackBytes(byte* group, sbyte* target)
    {
        Vector256.Load((sbyte*)group).Store(target);
        Vector256.Load((sbyte*)group + 32).Store(target + 32);
    }

    public static int GroupsPerScale => 1;

    public static int GroupsAtOnce<V>() where V : struct, ISimd<V> => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Products<V>(byte* w, byte* x) where V : struct, ISimd<V> => V.Int8Products((sbyte*)w, (short*)x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadScales<V>(ushort* source) where V : struct, ISimd<V> => V.LoadBF16((byte*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScalePlace<V>(int g) where V : struct, ISimd<V> => g;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V> =>
        Buffer.MemoryCopy(x, target, V.Count * 128, V.Count * 128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackGroup(byte* group, byte* target) => Widen(group, (short*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ArrangeGroup(short* x, byte* target) => Buffer.MemoryCopy(x, target, 128, 128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProducts<V>(ref V sum, V w, V x) where V : struct, ISimd<V> => V.AccumulateInt16(ref sum, w, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloats<V>(V sum) where V : struct, ISimd<V> => V.ConvertInt32(sum);
}
