using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>binary32.</summary>
internal readonly unsafe struct F32Format : IFloatFormat
{
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
