using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static VlmSharp.Cpu.Simd.IntegerInstructions;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V128 : IIntegers<V128>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadInt16(short* source) => new(Vector128.ConvertToSingle(Widen4(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt16(ref V128 sum, V128 a, V128 b) =>
        sum.value = (sum.value.AsInt32() + PairSums(a.value.AsInt16(), b.value.AsInt16())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt8(ref V128 sum, V128 a, V128 b) =>
        sum.value = (sum.value.AsInt16() + PairSums(a.value.AsByte(), b.value.AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateBytes(ref V128 sum, V128 a, V128 b) =>
        sum.value = AddProducts(sum.value.AsInt32(), a.value.AsByte(), b.value.AsSByte()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertInt32(V128 bits) => new(Vector128.ConvertToSingle(bits.value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertInt16Pairs(V128 bits) => new(Vector128.ConvertToSingle(PairSums(bits.value.AsInt16(), Vector128<short>.One)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Int8Products(sbyte* w, short* x)
    {
        Vector128<int> a = Part(w, x) + Part(w + 8, x + 8), b = Part(w + 16, x + 16) + Part(w + 24, x + 24);
        a += Part(w + 32, x + 32) + Part(w + 40, x + 40);
        b += Part(w + 48, x + 48) + Part(w + 56, x + 56);
        return new(Vector128.ConvertToSingle(a + b));

        static Vector128<int> Part(sbyte* w, short* x) => PairSums(Widen8(w), Vector128.Load(x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ByteProducts(sbyte* w, sbyte* x)
    {
        Vector128<int> lower = AddRaisedProducts(Vector128<int>.Zero, w, x);
        return new(Vector128.ConvertToSingle(AddRaisedProducts(lower, w + 16, x + 16)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 NibbleProducts(byte* w, sbyte* x, int at)
    {
        Vector128<ushort> bytes = Vector128.Load((ushort*)(w + at)), mask = Vector128.Create((ushort)0x0F0F);
        Vector128<short> lower = PairSums((bytes & mask).AsByte(), Vector128.Load(x + 2 * at));
        return new((lower + PairSums(((bytes >> 4) & mask).AsByte(), Vector128.Load(x + (2 * at + 16)))).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertLaneSums(V128 a, V128 b, V128 c, V128 d) =>
        new(Vector128.ConvertToSingle(LaneSums(a.value.AsInt16(), b.value.AsInt16(), c.value.AsInt16(), d.value.AsInt16())));
}
