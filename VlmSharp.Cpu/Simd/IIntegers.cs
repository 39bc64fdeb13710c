namespace VlmSharp.Cpu.Simd;

/// <summary>
/// Integers of 8, 16 and 32 bits: products that the hardware adds in pairs, and sums turned into fp32. A register of integers has the same
/// type as one of floats; what it holds is said by the member that reads it.
/// </summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal unsafe interface IIntegers<V> where V : struct, IIntegers<V>
{
    /// <summary>Loads 16-bit integers from any address, as floats.</summary>
    static abstract V LoadInt16(short* source);

    /// <summary>32-bit integers as floats.</summary>
    static abstract V ConvertInt32(V sums);

    /// <summary>16-bit integers, added two by two, as floats.</summary>
    static abstract V ConvertInt16Pairs(V sums);

    /// <summary>
    /// In each 128 bits the sum of the eight 16-bit integers of a, of b, of c and of d, as floats. None of them is above 8191 in size.
    /// </summary>
    static abstract V ConvertLaneSums(V a, V b, V c, V d);

    /// <summary>sum += a b of 16-bit integers, whose products are added two by two to 32-bit sums.</summary>
    static abstract void AccumulateInt16(ref V sum, V a, V b);

    /// <summary>The same of bytes, a without a sign and below 128: products are added two by two to 16-bit sums.</summary>
    static abstract void AccumulateInt8(ref V sum, V a, V b);

    /// <summary>
    /// sum_i w[i] x[i] over 64 pairs: exact, in 32-bit integers, and spread as floats over the elements of the result, which add up to
    /// the sum.
    /// </summary>
    static abstract V Int8Products(sbyte* w, short* x);

    /// <summary>The same over 32 pairs, with activations of 8 bits, and each weight raised by 128.</summary>
    static abstract V ByteProducts(sbyte* w, sbyte* x);

    /// <summary>
    /// Products of a register full of bytes, in 16-bit sums: element i is the lower nibbles of bytes 2i and 2i + 1 times their x, plus the
    /// upper nibbles times theirs. x has first a register full of factors for the lower nibbles, then one for the upper ones.
    /// </summary>
    /// <param name="w">The bytes, seen from <paramref name="at"/> bytes before.</param>
    /// <param name="x">The factors, seen from twice as many bytes before.</param>
    /// <param name="at">An offset and not part of the addresses, so that it becomes part of the loads.</param>
    static abstract V NibbleProducts(byte* w, sbyte* x, int at);
}
