using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V128 : IShortFloats<V128>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadBF16(byte* source) => new((Widen(source) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadEvenBF16(byte* source) => new((Vector128.Load((uint*)source) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadOddBF16(byte* source) => new((Vector128.Load((uint*)source) & Vector128.Create(0xFFFF0000u)).AsSingle());

    // The exponent of binary16 is rebiased by a multiplication with 2^112, which also turns its subnormals into normal
    // numbers; infinity and NaN keep the largest exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadF16(byte* source)
    {
        Vector128<uint> bits = Widen(source);
        Vector128<uint> magnitude = (bits & Vector128.Create(0x7FFFu)) << 13;
        Vector128<uint> sign = (bits & Vector128.Create(0x8000u)) << 16;
        Vector128<uint> special = Vector128.GreaterThan(magnitude.AsInt32(), Vector128.Create(0x0F7FFFFF)).AsUInt32()
            & Vector128.Create(0x7F800000u);
        Vector128<float> scaled = magnitude.AsSingle() * Vector128.Create(5.192296858534828e33f);
        return new((scaled.AsUInt32() | special | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Widen(byte* source) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadLanesBF16(ushort* source) => LoadBF16((byte*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadTwiceBF16(ushort* source) =>
        new((Vector128.Create((uint)source[0], source[0], source[1], source[1]) << 16).AsSingle());
}
