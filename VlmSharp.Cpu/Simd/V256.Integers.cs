using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static VlmSharp.Cpu.Simd.IntegerInstructions;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V256 : IIntegers<V256>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadInt16(short* source) => new(Vector256.ConvertToSingle(Widen8(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt16(ref V256 sum, V256 a, V256 b) =>
        sum.value = (sum.value.AsInt32() + PairSums(a.value.AsInt16(), b.value.AsInt16())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt8(ref V256 sum, V256 a, V256 b) =>
        sum.value = (sum.value.AsInt16() + PairSums(a.value.AsByte(), b.value.AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateBytes(ref V256 sum, V256 a, V256 b) =>
        sum.value = AddProducts(sum.value.AsInt32(), a.value.AsByte(), b.value.AsSByte()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertInt32(V256 bits) => new(Vector256.ConvertToSingle(bits.value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertInt16Pairs(V256 bits) => new(Vector256.ConvertToSingle(PairSums(bits.value.AsInt16(), Vector256<short>.One)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Int8Products(sbyte* w, short* x)
    {
        Vector256<int> a = PairSums(Widen16(w), Vector256.Load(x)) + PairSums(Widen16(w + 16), Vector256.Load(x + 16));
        Vector256<int> b = PairSums(Widen16(w + 32), Vector256.Load(x + 32)) + PairSums(Widen16(w + 48), Vector256.Load(x + 48));
        return new(Vector256.ConvertToSingle(a + b));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ByteProducts(sbyte* w, sbyte* x) => new(Vector256.ConvertToSingle(AddRaisedProducts(Vector256<int>.Zero, w, x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 NibbleProducts(byte* w, sbyte* x, int at)
    {
        Vector256<ushort> bytes = Vector256.Load((ushort*)(w + at)), mask = Vector256.Create((ushort)0x0F0F);
        Vector256<short> lower = PairSums((bytes & mask).AsByte(), Vector256.Load(x + 2 * at));
        return new((lower + PairSums(((bytes >> 4) & mask).AsByte(), Vector256.Load(x + (2 * at + 32)))).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertLaneSums(V256 a, V256 b, V256 c, V256 d) =>
        new(Vector256.ConvertToSingle(LaneSums(a.value.AsInt16(), b.value.AsInt16(), c.value.AsInt16(), d.value.AsInt16())));
}
