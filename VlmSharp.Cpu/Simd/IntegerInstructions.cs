using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu.Simd;

/// <summary>
/// The integer instructions for quantized weights, for each width. Without the wider instruction, a 512-bit register is processed as two of
/// 256 bits, and a 256-bit register as two of 128 bits; only tests use this.
/// </summary>
internal static unsafe class IntegerInstructions
{
    /// <summary>Products of 16-bit integers, neighbors added: y[i] = a[2i] b[2i] + a[2i+1] b[2i+1], in 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> PairSums(Vector128<short> a, Vector128<short> b)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(a, b);
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.AddPairwise(
                AdvSimd.MultiplyWideningLower(a.GetLower(), b.GetLower()), AdvSimd.MultiplyWideningUpper(a, b));
        Vector128<int> low = Vector128.WidenLower(a) * Vector128.WidenLower(b), high = Vector128.WidenUpper(a) * Vector128.WidenUpper(b);
        return Vector128.Create(low[0] + low[1], low[2] + low[3], high[0] + high[1], high[2] + high[3]);
    }

    /// <inheritdoc cref="PairSums(Vector128{short}, Vector128{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> PairSums(Vector256<short> a, Vector256<short> b) => Avx2.IsSupported
        ? Avx2.MultiplyAddAdjacent(a, b)
        : Vector256.Create(PairSums(a.GetLower(), b.GetLower()), PairSums(a.GetUpper(), b.GetUpper()));

    /// <inheritdoc cref="PairSums(Vector128{short}, Vector128{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> PairSums(Vector512<short> a, Vector512<short> b) => Avx512BW.IsSupported
        ? Avx512BW.MultiplyAddAdjacent(a, b)
        : Vector512.Create(PairSums(a.GetLower(), b.GetLower()), PairSums(a.GetUpper(), b.GetUpper()));

    /// <summary>
    /// Products of bytes, neighbors added: y[i] = a[2i] b[2i] + a[2i+1] b[2i+1], in 16 bits. Elements of a are below 128, and the sums are
    /// in range.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> PairSums(Vector128<byte> a, Vector128<sbyte> b)
    {
        if (Ssse3.IsSupported) return Ssse3.MultiplyAddAdjacent(a, b);
        if (AdvSimd.Arm64.IsSupported)
        {
            return AdvSimd.Arm64.AddPairwise(
                AdvSimd.MultiplyWideningLower(a.AsSByte().GetLower(), b.GetLower()), AdvSimd.MultiplyWideningUpper(a.AsSByte(), b));
        }

        Vector128<short> left = a.AsInt16(), right = b.AsInt16();
        return ((left << 8) >> 8) * ((right << 8) >> 8) + (left >> 8) * (right >> 8);
    }

    /// <inheritdoc cref="PairSums(Vector128{byte}, Vector128{sbyte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> PairSums(Vector256<byte> a, Vector256<sbyte> b) => Avx2.IsSupported
        ? Avx2.MultiplyAddAdjacent(a, b)
        : Vector256.Create(PairSums(a.GetLower(), b.GetLower()), PairSums(a.GetUpper(), b.GetUpper()));

    /// <inheritdoc cref="PairSums(Vector128{byte}, Vector128{sbyte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> PairSums(Vector512<byte> a, Vector512<sbyte> b) => Avx512BW.IsSupported
        ? Avx512BW.MultiplyAddAdjacent(a, b)
        : Vector512.Create(PairSums(a.GetLower(), b.GetLower()), PairSums(a.GetUpper(), b.GetUpper()));

    /// <summary>sum[i] + a[4i] b[4i] + ... + a[4i+3] b[4i+3], in 32 bits: one instruction of AVX-VNNI.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddProducts(Vector128<int> sum, Vector128<byte> a, Vector128<sbyte> b)
    {
        if (AvxVnni.IsSupported) return AvxVnni.MultiplyWideningAndAdd(sum, a, b);
        Vector128<short> left = a.AsInt16(), right = b.AsInt16();
        Vector128<short> evenLeft = left & Vector128.Create((short)255), oddLeft = (left.AsUInt16() >> 8).AsInt16();
        return sum + PairSums(evenLeft, (right << 8) >> 8) + PairSums(oddLeft, right >> 8);
    }

    /// <inheritdoc cref="AddProducts(Vector128{int}, Vector128{byte}, Vector128{sbyte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddProducts(Vector256<int> sum, Vector256<byte> a, Vector256<sbyte> b)
    {
        if (AvxVnni.IsSupported) return AvxVnni.MultiplyWideningAndAdd(sum, a, b);
        Vector256<short> left = a.AsInt16(), right = b.AsInt16();
        Vector256<short> evenLeft = left & Vector256.Create((short)255), oddLeft = (left.AsUInt16() >> 8).AsInt16();
        return sum + PairSums(evenLeft, (right << 8) >> 8) + PairSums(oddLeft, right >> 8);
    }

    /// <summary>sum + sum_i (w[i] + 128) x[i] over 16 pairs, spread over the elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddRaisedProducts(Vector128<int> sum, sbyte* w, sbyte* x) => // adding 128 flips a byte's highest bit
        AddProducts(sum, Vector128.Load((byte*)w) ^ Vector128.Create((byte)128), Vector128.Load(x));

    /// <summary>sum + sum_i (w[i] + 128) x[i] over 32 pairs, spread over the elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddRaisedProducts(Vector256<int> sum, sbyte* w, sbyte* x) =>
        AddProducts(sum, Vector256.Load((byte*)w) ^ Vector256.Create((byte)128), Vector256.Load(x));

    /// <summary>The sum of 32 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Sum32(sbyte* bytes)
    {
        Vector128<int> lower = AddProducts(Vector128<int>.Zero, Vector128<byte>.One, Vector128.Load(bytes));
        return Vector128.Sum(AddProducts(lower, Vector128<byte>.One, Vector128.Load(bytes + 16)));
    }

    /// <summary>
    /// In each 128 bits, the sums of the eight elements of a, of b, of c and of d. No element is above 8191 in magnitude: two elements may
    /// be added in 16 bits, but not all eight.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LaneSums(Vector128<short> a, Vector128<short> b, Vector128<short> c, Vector128<short> d)
    {
        if (Sse2.IsSupported)
        {
            Vector128<float> ab = PairSums(Halves(a, b), Vector128<short>.One).AsSingle();
            Vector128<float> cd = PairSums(Halves(c, d), Vector128<short>.One).AsSingle();
            return Sse.Shuffle(ab, cd, 0b10_00_10_00).AsInt32() + Sse.Shuffle(ab, cd, 0b11_01_11_01).AsInt32();
        }

        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.AddPairwiseWidening(AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a, b), AdvSimd.Arm64.AddPairwise(c, d)));
        return Vector128.Create(Sum(a), Sum(b), Sum(c), Sum(d));

        static int Sum(Vector128<short> x) => Vector128.Sum(PairSums(x, Vector128<short>.One));

        static Vector128<short> Halves(Vector128<short> a, Vector128<short> b) =>
            Sse2.UnpackLow(a.AsInt64(), b.AsInt64()).AsInt16() + Sse2.UnpackHigh(a.AsInt64(), b.AsInt64()).AsInt16();
    }

    /// <inheritdoc cref="LaneSums(Vector128{short}, Vector128{short}, Vector128{short}, Vector128{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LaneSums(Vector256<short> a, Vector256<short> b, Vector256<short> c, Vector256<short> d)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(
                LaneSums(a.GetLower(), b.GetLower(), c.GetLower(), d.GetLower()),
                LaneSums(a.GetUpper(), b.GetUpper(), c.GetUpper(), d.GetUpper()));
        Vector256<float> ab = PairSums(Halves(a, b), Vector256<short>.One).AsSingle();
        Vector256<float> cd = PairSums(Halves(c, d), Vector256<short>.One).AsSingle();
        return Avx.Shuffle(ab, cd, 0b10_00_10_00).AsInt32() + Avx.Shuffle(ab, cd, 0b11_01_11_01).AsInt32();

        static Vector256<short> Halves(Vector256<short> a, Vector256<short> b) =>
            Avx2.UnpackLow(a.AsInt64(), b.AsInt64()).AsInt16() + Avx2.UnpackHigh(a.AsInt64(), b.AsInt64()).AsInt16();
    }

    /// <inheritdoc cref="LaneSums(Vector128{short}, Vector128{short}, Vector128{short}, Vector128{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> LaneSums(Vector512<short> a, Vector512<short> b, Vector512<short> c, Vector512<short> d)
    {
        if (!Avx512BW.IsSupported)
            return Vector512.Create(
                LaneSums(a.GetLower(), b.GetLower(), c.GetLower(), d.GetLower()),
                LaneSums(a.GetUpper(), b.GetUpper(), c.GetUpper(), d.GetUpper()));
        Vector512<float> ab = PairSums(Halves(a, b), Vector512<short>.One).AsSingle();
        Vector512<float> cd = PairSums(Halves(c, d), Vector512<short>.One).AsSingle();
        return Avx512F.Shuffle(ab, cd, 0b10_00_10_00).AsInt32() + Avx512F.Shuffle(ab, cd, 0b11_01_11_01).AsInt32();

        static Vector512<short> Halves(Vector512<short> a, Vector512<short> b) =>
            Avx512F.UnpackLow(a.AsInt64(), b.AsInt64()).AsInt16() + Avx512F.UnpackHigh(a.AsInt64(), b.AsInt64()).AsInt16();
    }

    /// <summary>Eight signed bytes as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Widen8(sbyte* source) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(source)).AsSByte());

    /// <summary>Sixteen signed bytes as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> Widen16(sbyte* source) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int16(source)
        : Vector256.Create(Widen8(source), Widen8(source + 8));

    /// <summary>Thirty-two signed bytes as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Widen32(sbyte* source) => Avx512BW.IsSupported
        ? Avx512BW.ConvertToVector512Int16(Vector256.Load(source))
        : Vector512.Create(Widen16(source), Widen16(source + 16));

    /// <summary>Four 16-bit integers as 32-bit ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Widen4(short* source) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<long>(source)).AsInt16());

    /// <summary>Eight 16-bit integers as 32-bit ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Widen8(short* source) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(source)
        : Vector256.Create(Widen4(source), Widen4(source + 4));

    /// <summary>Sixteen 16-bit integers as 32-bit ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen16(short* source) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(Vector256.Load(source))
        : Vector512.Create(Widen8(source), Widen8(source + 8));
}
