using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>Four floats: SSE on x86, NEON on ARM64. Sixteen registers are certain, hence a tile of 6 rows.</summary>
internal unsafe struct V128(Vector128<float> value) : ISimd<V128>
{
    private Vector128<float> value = value;

    public static int Count => 4;

    public static int TileRows => 6;

    public static V128 Zero => new(Vector128<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Load(float* source) => new(Vector128.Load(source));

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
        Vector128<uint> special = Vector128.GreaterThan(magnitude.AsInt32(), Vector128.Create(0x0F7FFFFF)).AsUInt32() & Vector128.Create(0x7F800000u);
        Vector128<float> scaled = magnitude.AsSingle() * Vector128.Create(5.192296858534828e33f);
        return new((scaled.AsUInt32() | special | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Widen(byte* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V128 value) => value.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator +(V128 left, V128 right) => new(left.value + right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator -(V128 left, V128 right) => new(left.value - right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator *(V128 left, V128 right) => new(left.value * right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 operator /(V128 left, V128 right) => new(left.value / right.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 MultiplyAdd(V128 a, V128 b, V128 c) => new(Vector128.MultiplyAddEstimate(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref V128 sum, V128 a, V128 b) => sum.value = Vector128.MultiplyAddEstimate(a.value, b.value, sum.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Min(V128 bound, V128 x) => new(Vector128.MinNative(bound.value, x.value)); // x86 gives its second operand on NaN, Arm a NaN

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Max(V128 bound, V128 x) => new(Vector128.MaxNative(bound.value, x.value));

    // On x86 the instruction is this comparison itself: of two equal numbers, and where one is NaN, it gives the second operand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 TakeGreater(V128 x, V128 best) =>
        new(Sse.IsSupported ? Sse.Max(x.value, best.value) : Vector128.ConditionalSelect(Vector128.GreaterThan(x.value, best.value), x.value, best.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(V128 x)
    {
        x = TakeGreater(new(Vector128.Shuffle(x.value, Vector128.Create(2, 3, 0, 1))), x);
        return TakeGreater(new(Vector128.Shuffle(x.value, Vector128.Create(1, 0, 3, 2))), x).value.ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 PowerOfTwo(V128 shifted) => new(((shifted.value.AsInt32() << 23) + Vector128.Create(127 << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(V128 x) => Vector128.Sum(x.value);

    // Neighbors are added, then neighbors of these.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Sums(V128 a, V128 b, V128 c, V128 d)
    {
        if (Sse3.IsSupported) return new(Sse3.HorizontalAdd(Sse3.HorizontalAdd(a.value, b.value), Sse3.HorizontalAdd(c.value, d.value)));
        if (AdvSimd.Arm64.IsSupported)
            return new(AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a.value, b.value), AdvSimd.Arm64.AddPairwise(c.value, d.value)));
        return new(Vector128.Create(Sum(a), Sum(b), Sum(c), Sum(d)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadInt16(short* source) => new(Vector128.ConvertToSingle(Integers.Widen4(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt16(ref V128 sum, V128 a, V128 b) =>
        sum.value = (sum.value.AsInt32() + Integers.PairSums(a.value.AsInt16(), b.value.AsInt16())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AccumulateInt8(ref V128 sum, V128 a, V128 b) =>
        sum.value = (sum.value.AsInt16() + Integers.PairSums(a.value.AsByte(), b.value.AsSByte())).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertInt32(V128 bits) => new(Vector128.ConvertToSingle(bits.value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 ConvertInt16Pairs(V128 bits) => new(Vector128.ConvertToSingle(Integers.PairSums(bits.value.AsInt16(), Vector128<short>.One)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Int8Products(sbyte* w, short* x)
    {
        Vector128<int> a = Part(w, x) + Part(w + 8, x + 8), b = Part(w + 16, x + 16) + Part(w + 24, x + 24);
        a += Part(w + 32, x + 32) + Part(w + 40, x + 40);
        b += Part(w + 48, x + 48) + Part(w + 56, x + 56);
        return new(Vector128.ConvertToSingle(a + b));

        static Vector128<int> Part(sbyte* w, short* x) => Integers.PairSums(Integers.Widen8(w), Vector128.Load(x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 Int4Products(byte* w, sbyte* x)
    {
        return new(Vector128.ConvertToSingle(Integers.LaneSums(Part(w, x, 0), Part(w, x, 16), Part(w, x, 32), Part(w, x, 48))));

        // Offsets and not addresses, so that they are part of the loads.
        static Vector128<short> Part(byte* w, sbyte* x, int at)
        {
            Vector128<ushort> bytes = Vector128.Load((ushort*)(w + at)), mask = Vector128.Create((ushort)0x0F0F);
            return Integers.PairSums((bytes & mask).AsByte(), Vector128.Load(x + 2 * at)) + Integers.PairSums(((bytes >> 4) & mask).AsByte(), Vector128.Load(x + (2 * at + 16)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadScales(ushort* source) => LoadBF16((byte*)source);
}
