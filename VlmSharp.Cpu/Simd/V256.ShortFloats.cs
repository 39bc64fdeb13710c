using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V256 : IShortFloats<V256>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadBF16(byte* source) => new((Widen(source) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadEvenBF16(byte* source) => new((Vector256.Load((uint*)source) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadOddBF16(byte* source) => new((Vector256.Load((uint*)source) & Vector256.Create(0xFFFF0000u)).AsSingle());

    // The exponent of binary16 is rebiased by a multiplication with 2^112, which also turns its subnormals into normal
    // numbers; infinity and NaN keep the largest exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadF16(byte* source)
    {
        Vector256<uint> bits = Widen(source);
        Vector256<uint> magnitude = (bits & Vector256.Create(0x7FFFu)) << 13;
        Vector256<uint> sign = (bits & Vector256.Create(0x8000u)) << 16;
        Vector256<uint> special = Vector256.GreaterThan(magnitude.AsInt32(), Vector256.Create(0x0F7FFFFF)).AsUInt32()
            & Vector256.Create(0x7F800000u);
        Vector256<float> scaled = magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f);
        return new((scaled.AsUInt32() | special | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Widen(byte* source) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32((ushort*)source).AsUInt32()
        : Vector256.Create(Vector128.WidenLower(Vector128.Load((ushort*)source)), Vector128.WidenUpper(Vector128.Load((ushort*)source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadLanesBF16(ushort* source)
    {
        // The even ones of eight numbers go to the lower half, the odd ones to the upper half, each into the upper two bytes of a float.
        if (Avx2.IsSupported)
            return new(Avx2.Shuffle(Avx2.BroadcastVector128ToVector256((byte*)source), Vector256.Create(
                255, 255, 0, 1, 255, 255, 4, 5, 255, 255, 8, 9, 255, 255, 12, 13,
                255, 255, 2, 3, 255, 255, 6, 7, 255, 255, 10, 11, 255, 255, 14, (byte)15)).AsSingle());
        Vector128<uint> pairs = Vector128.Load((uint*)source);
        return new(Vector256.Create(pairs << 16, pairs & Vector128.Create(0xFFFF0000u)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadTwiceBF16(ushort* source) => Avx2.IsSupported
        ? new(Avx2.Shuffle(Vector256.Create(Unsafe.ReadUnaligned<ulong>(source)).AsByte(), Vector256.Create(
            255, 255, 0, 1, 255, 255, 0, 1, 255, 255, 2, 3, 255, 255, 2, 3,
            255, 255, 4, 5, 255, 255, 4, 5, 255, 255, 6, 7, 255, 255, 6, (byte)7)).AsSingle())
        : new(Vector256.Create(V128.LoadTwiceBF16(source).Value, V128.LoadTwiceBF16(source + 2).Value));
}
