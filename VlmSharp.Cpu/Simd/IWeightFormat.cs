using System.Runtime.CompilerServices;
using VlmSharp.Compute;

namespace VlmSharp.Cpu;

/// <summary>
/// How the elements of a parameter are stored, as kernels see it: their size and how a register full of them is widened to
/// fp32. Each kernel is compiled once per format. A further format is one more struct here and one more case where a
/// kernel is chosen (<see cref="MatrixProduct"/>, <see cref="Embed"/>).
/// </summary>
internal unsafe interface IWeightFormat
{
    /// <summary>Bytes of one element.</summary>
    static abstract int Size { get; }

    /// <summary>Widens <c>V.Count</c> elements that start at any address.</summary>
    static abstract V Load<V>(byte* source) where V : struct, ISimd<V>;

    /// <summary>Widens one element.</summary>
    static abstract float Load(byte* source);
}

/// <summary>binary32.</summary>
internal readonly unsafe struct F32Format : IWeightFormat
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source) where V : struct, ISimd<V> => V.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* source) => Unsafe.ReadUnaligned<float>(source);
}

/// <summary>bfloat16.</summary>
internal readonly unsafe struct BF16Format : IWeightFormat
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source) where V : struct, ISimd<V> => V.LoadBF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* source) => BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(source));
}

/// <summary>binary16.</summary>
internal readonly unsafe struct F16Format : IWeightFormat
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source) where V : struct, ISimd<V> => V.LoadF16(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(byte* source) => (float)Unsafe.ReadUnaligned<Half>(source);
}
