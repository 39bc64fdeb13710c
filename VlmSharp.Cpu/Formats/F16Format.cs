using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>binary16.</summary>
internal readonly unsafe struct F16Format : IFloatFormat
{
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
