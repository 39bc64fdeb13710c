using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Eight floats: AVX2 and FMA. Sixteen registers, hence a tile of 6 rows: 12 accumulators, 2 columns, 1 factor.</summary>
internal unsafe struct V256(Vector256<float> value) : ISimd<V256>
{
    private Vector256<float> value = value;

    public static int Count => 8;

    public static int TileRows => 6;

    public static V256 Zero => new(Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Load(float* source) => new(Vector256.Load(source));

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
        Vector256<uint> special = Vector256.GreaterThan(magnitude.AsInt32(), Vector256.Create(0x0F7FFFFF)).AsUInt32() & Vector256.Create(0x7F800000u);
        Vector256<float> scaled = magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f);
        return new((scaled.AsUInt32() | special | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Widen(byte* source) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32((ushort*)source).AsUInt32()
        : Vector256.Create(Vector128.WidenLower(Vector128.Load((ushort*)source)), Vector128.WidenUpper(Vector128.Load((ushort*)source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V256 value) => value.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator +(V256 left, V256 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator -(V256 left, V256 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator *(V256 left, V256 right) => new(left.value * right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 operator /(V256 left, V256 right) => new(left.value / right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 MultiplyAdd(V256 a, V256 b, V256 c) => new(Vector256.MultiplyAddEstimate(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref V256 sum, V256 a, V256 b) => sum.value = Vector256.MultiplyAddEstimate(a.value, b.value, sum.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Min(V256 bound, V256 x) => new(Vector256.MinNative(bound.value, x.value)); // x86 gives its second operand on NaN, Arm a NaN

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Max(V256 bound, V256 x) => new(Vector256.MaxNative(bound.value, x.value));

    // On x86 the instruction is this comparison itself: of two equal numbers, and where one is NaN, it gives the second operand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 TakeGreater(V256 x, V256 best) =>
        new(Avx.IsSupported ? Avx.Max(x.value, best.value) : Vector256.ConditionalSelect(Vector256.GreaterThan(x.value, best.value), x.value, best.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(V256 x) => V128.Largest(V128.TakeGreater(new(x.value.GetLower()), new(x.value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 PowerOfTwo(V256 shifted) => new(((shifted.value.AsInt32() << 23) + Vector256.Create(127 << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(V256 x) => Vector256.Sum(x.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sums(V256 a, V256 b, V256 c, V256 d) => V128.Sums(Halves(a), Halves(b), Halves(c), Halves(d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V128 Halves(V256 x) => new(x.value.GetLower() + x.value.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadInt16(short* source) => new(Vector256.ConvertToSingle(Integers.Widen8(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt16(ref V256 sum, V256 a, V256 b) =>
        sum.value = (sum.value.AsInt32() + Integers.PairSums(a.value.AsInt16(), b.value.AsInt16())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt8(ref V256 sum, V256 a, V256 b) =>
        sum.value = (sum.value.AsInt16() + Integers.PairSums(a.value.AsByte(), b.value.AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertInt32(V256 bits) => new(Vector256.ConvertToSingle(bits.value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 ConvertInt16Pairs(V256 bits) => new(Vector256.ConvertToSingle(Integers.PairSums(bits.value.AsInt16(), Vector256<short>.One)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Int8Products(sbyte* w, short* x)
    {
        Vector256<int> a = Integers.PairSums(Integers.Widen16(w), Vector256.Load(x)) + Integers.PairSums(Integers.Widen16(w + 16), Vector256.Load(x + 16));
        Vector256<int> b = Integers.PairSums(Integers.Widen16(w + 32), Vector256.Load(x + 32)) + Integers.PairSums(Integers.Widen16(w + 48), Vector256.Load(x + 48));
        return new(Vector256.ConvertToSingle(a + b));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 Int4Products(byte* w, sbyte* x)
    {
        return new(Vector256.ConvertToSingle(Integers.LaneSums(Part(w, x, 0), Part(w, x, 32), Part(w, x, 64), Part(w, x, 96))));

        // Offsets and not addresses, so that they are part of the loads.
        static Vector256<short> Part(byte* w, sbyte* x, int at)
        {
            Vector256<ushort> bytes = Vector256.Load((ushort*)(w + at)), mask = Vector256.Create((ushort)0x0F0F);
            return Integers.PairSums((bytes & mask).AsByte(), Vector256.Load(x + 2 * at)) + Integers.PairSums(((bytes >> 4) & mask).AsByte(), Vector256.Load(x + (2 * at + 32)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadScales(ushort* source)
    {
        // The even ones of eight numbers to the lower half, the odd ones to the upper half, each into the upper two bytes of a float.
        if (Avx2.IsSupported)
            return new(Avx2.Shuffle(Avx2.BroadcastVector128ToVector256((byte*)source), Vector256.Create(
                255, 255, 0, 1, 255, 255, 4, 5, 255, 255, 8, 9, 255, 255, 12, 13, 255, 255, 2, 3, 255, 255, 6, 7, 255, 255, 10, 11, 255, 255, 14, (byte)15)).AsSingle());
        Vector128<uint> pairs = Vector128.Load((uint*)source);
        return new(Vector256.Create(pairs << 16, pairs & Vector128.Create(0xFFFF0000u)).AsSingle());
    }
}
