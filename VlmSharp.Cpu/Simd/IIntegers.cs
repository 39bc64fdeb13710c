namespace VlmSharp.Cpu.Simd;

/// <summary>
/// Integers of 8, 16 and 32 bits: products that the hardware adds in pairs, and sums converted to fp32. A register of integers has the same
/// type as one of floats; the member that reads it defines what it contains.
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
    /// In each 128 bits the sum of the eight 16-bit integers of a, of b, of c and of d, as floats. No integer is above 8191 in magnitude.
    /// </summary>
    static abstract V ConvertLaneSums(V a, V b, V c, V d);

    /// <summary>sum += a b for 16-bit integers; products are added in pairs to 32-bit sums.</summary>
    static abstract void AccumulateInt16(ref V sum, V a, V b);

    /// <summary>sum += a b for bytes, a unsigned and below 128; products are added in pairs to 16-bit sums.</summary>
    static abstract void AccumulateInt8(ref V sum, V a, V b);

    /// <summary>sum += a b for bytes, a unsigned; products are added in fours to 32-bit sums.</summary>
    static abstract void AccumulateBytes(ref V sum, V a, V b);

    /// <summary>
    /// sum_i w[i] x[i] over 64 pairs: exact, in 32-bit integers. The elements of the result, as floats, add up to the sum.
    /// </summary>
    static abstract V Int8Products(sbyte* w, short* x);

    /// <summary>The same over 32 pairs, with activations of 8 bits and 128 added to each weight.</summary>
    static abstract V ByteProducts(sbyte* w, sbyte* x);

    /// <summary>
    /// Products of a full register of bytes, in 16-bit sums: element i is the lower nibbles of bytes 2i and 2i + 1 times their x, plus the
    /// upper nibbles times theirs. x has a full register of factors for the lower nibbles, then one for the upper nibbles.
    /// </summary>
    /// <param name="w">The bytes start <paramref name="at"/> bytes after this address.</param>
    /// <param name="x">The factors start twice as many bytes after this address.</param>
    /// <param name="at">An offset, separate from the addresses so that it becomes part of the load instructions.</param>
    static abstract V NibbleProducts(byte* w, sbyte* x, int at);
}
