using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Sixteen floats: AVX-512. Thirty-two registers, hence a tile of 12 rows: 24 accumulators, 2 columns, 1 factor.</summary>
internal unsafe struct V512(Vector512<float> value) : ISimd<V512>
{
    private Vector512<float> value = value;

    public static int Count => 16;

    public static int TileRows => 12;

    public static V512 Zero => new(Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Load(float* source) => new(Vector512.Load(source));

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
        Vector512<uint> special = Vector512.GreaterThan(magnitude.AsInt32(), Vector512.Create(0x0F7FFFFF)).AsUInt32() & Vector512.Create(0x7F800000u);
        Vector512<float> scaled = magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f);
        return new((scaled.AsUInt32() | special | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widen(byte* source) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)source)).AsUInt32()
        : Vector512.Create(Vector256.WidenLower(Vector256.Load((ushort*)source)), Vector256.WidenUpper(Vector256.Load((ushort*)source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V512 value) => value.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator +(V512 left, V512 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator -(V512 left, V512 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator *(V512 left, V512 right) => new(left.value * right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 operator /(V512 left, V512 right) => new(left.value / right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 MultiplyAdd(V512 a, V512 b, V512 c) => new(Vector512.MultiplyAddEstimate(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref V512 sum, V512 a, V512 b) => sum.value = Vector512.MultiplyAddEstimate(a.value, b.value, sum.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Min(V512 bound, V512 x) => new(Vector512.MinNative(bound.value, x.value)); // x86 gives its second operand on NaN, Arm a NaN

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Max(V512 bound, V512 x) => new(Vector512.MaxNative(bound.value, x.value));

    // On x86 the instruction is this comparison itself: of two equal numbers, and where one is NaN, it gives the second operand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 TakeGreater(V512 x, V512 best) =>
        new(Avx512F.IsSupported ? Avx512F.Max(x.value, best.value) : Vector512.ConditionalSelect(Vector512.GreaterThan(x.value, best.value), x.value, best.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(V512 x) => V256.Largest(V256.TakeGreater(new(x.value.GetLower()), new(x.value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 PowerOfTwo(V512 shifted) => new(((shifted.value.AsInt32() << 23) + Vector512.Create(127 << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(V512 x) => Vector512.Sum(x.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sums(V512 a, V512 b, V512 c, V512 d) => V256.Sums(Halves(a), Halves(b), Halves(c), Halves(d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V256 Halves(V512 x) => new(x.value.GetLower() + x.value.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadInt16(short* source) => new(Vector512.ConvertToSingle(Integers.Widen16(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt16(ref V512 sum, V512 a, V512 b) =>
        sum.value = (sum.value.AsInt32() + Integers.PairSums(a.value.AsInt16(), b.value.AsInt16())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt8(ref V512 sum, V512 a, V512 b) =>
        sum.value = (sum.value.AsInt16() + Integers.PairSums(a.value.AsByte(), b.value.AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertInt32(V512 bits) => new(Vector512.ConvertToSingle(bits.value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 ConvertInt16Pairs(V512 bits) => new(Vector512.ConvertToSingle(Integers.PairSums(bits.value.AsInt16(), Vector512<short>.One)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Int8Products(sbyte* w, short* x) => new(Vector512.ConvertToSingle(
        Integers.PairSums(Integers.Widen32(w), Vector512.Load(x)) + Integers.PairSums(Integers.Widen32(w + 32), Vector512.Load(x + 32))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 Int4Products(byte* w, sbyte* x)
    {
        return new(Vector512.ConvertToSingle(Integers.LaneSums(Part(w, x, 0), Part(w, x, 64), Part(w, x, 128), Part(w, x, 192))));

        // Offsets and not addresses, so that they are part of the loads.
        static Vector512<short> Part(byte* w, sbyte* x, int at)
        {
            Vector512<ushort> bytes = Vector512.Load((ushort*)(w + at)), mask = Vector512.Create((ushort)0x0F0F);
            return Integers.PairSums((bytes & mask).AsByte(), Vector512.Load(x + 2 * at)) + Integers.PairSums(((bytes >> 4) & mask).AsByte(), Vector512.Load(x + (2 * at + 64)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadScales(ushort* source) =>
        new(Vector512.Shuffle(LoadBF16((byte*)source).value, Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));
}
