using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V512 : IShortFloats<V512>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadBF16(byte* source) => new((Widen(source) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadEvenBF16(byte* source) => new((Vector512.Load((uint*)source) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadOddBF16(byte* source) => new((Vector512.Load((uint*)source) & Vector512.Create(0xFFFF0000u)).AsSingle());

    // The exponent of binary16 is rebiased by a multiplication with 2^112, which also turns its subnormals into normal
    // numbers; infinity and NaN keep the largest exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadF16(byte* source)
    {
        Vector512<uint> bits = Widen(source);
        Vector512<uint> magnitude = (bits & Vector512.Create(0x7FFFu)) << 13;
        Vector512<uint> sign = (bits & Vector512.Create(0x8000u)) << 16;
        Vector512<uint> special = Vector512.GreaterThan(magnitude.AsInt32(), Vector512.Create(0x0F7FFFFF)).AsUInt32()
            & Vector512.Create(0x7F800000u);
        Vector512<float> scaled = magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f);
        return new((scaled.AsUInt32() | special | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widen(byte* source) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)source)).AsUInt32()
        : Vector512.Create(Vector256.WidenLower(Vector256.Load((ushort*)source)), Vector256.WidenUpper(Vector256.Load((ushort*)source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadLanesBF16(ushort* source) =>
        new(Vector512.Shuffle(LoadBF16((byte*)source).value, Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadTwiceBF16(ushort* source) =>
        new(Vector512.Create(V256.LoadTwiceBF16(source).Value, V256.LoadTwiceBF16(source + 4).Value));
}
