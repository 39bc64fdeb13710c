using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static VlmSharp.Cpu.Simd.IntegerInstructions;

namespace VlmSharp.Cpu.Simd;

internal unsafe partial struct V512 : IIntegers<V512>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadInt16(short* source) => new(Vector512.ConvertToSingle(Widen16(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt16(ref V512 sum, V512 a, V512 b) =>
        sum.value = (sum.value.AsInt32() + PairSums(a.value.AsInt16(), b.value.AsInt16())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt8(ref V512 sum, V512 a, V512 b) =>
        sum.value = (sum.value.AsInt16() + PairSums(a.value.AsByte(), b.value.AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateBytes(ref V512 sum, V512 a, V512 b) => sum.value = Vector512.Create(
        AddProducts(sum.value.GetLower().AsInt32(), a.value.GetLower().AsByte(), b.value.GetLower().AsSByte()),
        AddProducts(sum.value.GetUpper().AsInt32(), a.value.GetUpper().AsByte(), b.value.GetUpper().AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertInt32(V512 bits) => new(Vector512.ConvertToSingle(bits.value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertInt16Pairs(V512 bits) => new(Vector512.ConvertToSingle(PairSums(bits.value.AsInt16(), Vector512<short>.One)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Int8Products(sbyte* w, short* x) => new(Vector512.ConvertToSingle(
        PairSums(Widen32(w), Vector512.Load(x)) + PairSums(Widen32(w + 32), Vector512.Load(x + 32))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ByteProducts(sbyte* w, sbyte* x) =>
        new(Vector512.Create(Vector256.ConvertToSingle(AddRaisedProducts(Vector256<int>.Zero, w, x)), Vector256<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 NibbleProducts(byte* w, sbyte* x, int at)
    {
        Vector512<ushort> bytes = Vector512.Load((ushort*)(w + at)), mask = Vector512.Create((ushort)0x0F0F);
        Vector512<short> lower = PairSums((bytes & mask).AsByte(), Vector512.Load(x + 2 * at));
        return new((lower + PairSums(((bytes >> 4) & mask).AsByte(), Vector512.Load(x + (2 * at + 64)))).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertLaneSums(V512 a, V512 b, V512 c, V512 d) =>
        new(Vector512.ConvertToSingle(LaneSums(a.value.AsInt16(), b.value.AsInt16(), c.value.AsInt16(), d.value.AsInt16())));
}
