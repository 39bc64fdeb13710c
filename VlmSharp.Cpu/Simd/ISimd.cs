using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Simd;

/// <summary>
/// A register of floats. Kernels are written once over this interface; the JIT compiles them once per width, and every call
/// becomes the one instruction it names.
/// </summary>
/// <typeparam name="V">The implementing struct: <see cref="V128"/>, <see cref="V256"/> or <see cref="V512"/>.</typeparam>
internal unsafe interface ISimd<V> where V : struct, ISimd<V>
{
    /// <summary>Floats in a register.</summary>
    static abstract int Count { get; }

    /// <summary>Rows of the matrix micro-kernel: as many as the register file holds accumulators for (see <see cref="Tile"/>).</summary>
    static abstract int TileRows { get; }

    static abstract V Zero { get; }

    static abstract V Load(float* source);

    /// <summary>Loads bfloat16 numbers from any address, widened: the bits shifted into the upper half.</summary>
    static abstract V LoadBF16(byte* source);

    /// <summary>Loads the even ones of 2 <see cref="Count"/> bfloat16 numbers: one shift of what lies there, where loading them in order takes a shuffle too.</summary>
    static abstract V LoadEvenBF16(byte* source);

    /// <summary>Loads the odd ones.</summary>
    static abstract V LoadOddBF16(byte* source);

    /// <summary>Loads binary16 numbers from any address, widened.</summary>
    static abstract V LoadF16(byte* source);

    static abstract V Broadcast(float value);

    static abstract void Store(float* target, V value);

    static abstract V operator +(V left, V right);

    static abstract V operator -(V left, V right);

    static abstract V operator *(V left, V right);

    static abstract V operator /(V left, V right);

    /// <summary>a * b + c, rounded once where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>sum = a * b + sum. Loops with many sums need this form: of a result that is copied into its sum, the JIT keeps two copies alive and runs out of registers.</summary>
    static abstract void Accumulate(ref V sum, V a, V b);

    /// <summary>The smaller of each pair; where x is NaN the result is NaN.</summary>
    static abstract V Min(V bound, V x);

    /// <summary>The larger of each pair; where x is NaN the result is NaN.</summary>
    static abstract V Max(V bound, V x);

    /// <summary>x where it is above best, else best: a NaN never wins.</summary>
    static abstract V TakeGreater(V x, V best);

    /// <summary>The largest element; there must be no NaN.</summary>
    static abstract float Largest(V x);

    /// <summary>2^n from 1.5 * 2^23 + n, n in [-126, 127]: adding that constant has put n into the lowest bits of the mantissa.</summary>
    static abstract V PowerOfTwo(V shifted);

    /// <summary>The sum of all elements.</summary>
    static abstract float Sum(V x);

    /// <summary>The sums of all elements of four registers.</summary>
    static abstract V128 Sums(V a, V b, V c, V d);

    /// <summary>Loads 16-bit integers from any address, widened.</summary>
    static abstract V LoadInt16(short* source);

    /// <summary>sum += a b of integers: all are registers of bits here, a and b of 16-bit integers, whose products are added two by two to 32-bit sums.</summary>
    static abstract void AccumulateInt16(ref V sum, V a, V b);

    /// <summary>The same of bytes, a without a sign and below 128: products are added two by two to 16-bit sums.</summary>
    static abstract void AccumulateInt8(ref V sum, V a, V b);

    /// <summary>32-bit integers as floats.</summary>
    static abstract V ConvertInt32(V bits);

    /// <summary>16-bit integers, added two by two, as floats.</summary>
    static abstract V ConvertInt16Pairs(V bits);

    /// <summary>
    /// sum_i w[i] x[i] over 64 weights of 8 bits: exact, in 32-bit integers, and spread over the elements of the result, which add up
    /// to the sum.
    /// </summary>
    static abstract V Int8Products(sbyte* w, short* x);

    /// <summary>
    /// sum_i (w[i] + 8) x[i] of each of <see cref="Count"/> groups of 32 weights of 4 bits (<see cref="Compute.DType.Int4"/>), exact. In each
    /// 128 bits the four elements are the groups j, j + L, j + 2L, j + 3L, with L = Count / 4 such parts: the order of <see cref="LoadScales"/>.
    /// x, from -127 to 127, lies as the nibbles do: for every L groups, first the sixteen that belong to the lower nibbles of each
    /// group's bytes, group after group, then those of the upper ones.
    /// </summary>
    static abstract V Int4Products(byte* w, sbyte* x);

    /// <summary>Loads bfloat16 numbers, widened, one for each group and in the order of <see cref="Int4Products"/>.</summary>
    static abstract V LoadScales(ushort* source);
}
