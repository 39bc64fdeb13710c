using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>
/// The weights of <see cref="Int8Format"/> with activations of 8 bits, 32 of which share a scale: half a group of weights. The byte
/// multiplication needs an unsigned factor, so 128 is added to a weight when it is loaded.
/// </summary>
internal readonly unsafe struct Int8x8Format : IStoredGroups
{
    public static int Group => 32;

    public static int Bytes => 32;

    public static int GroupsPerScale => Int8Format.Group / Group;

    public static int Offset => 128;

    public static int ActivationBytes => sizeof(sbyte);

    public static int MostActivation => sbyte.MaxValue;

    public static int GroupsAtOnce<V>() where V : struct, ISimd<V> => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Products<V>(byte* w, byte* x) where V : struct, ISimd<V> => V.ByteProducts((sbyte*)w, (sbyte*)x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadScales<V>(ushort* source) where V : struct, ISimd<V> => V.LoadTwiceBF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScalePlace<V>(int g) where V : struct, ISimd<V> => g;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V>
    {
        for (int i = 0; i < V.Count * Group; i++) target[i] = (byte)x[i];
    }
}
