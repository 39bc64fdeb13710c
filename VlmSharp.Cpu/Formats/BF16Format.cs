using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>bfloat16.</summary>
internal readonly unsafe struct BF16Format : IFloatFormat
{
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
