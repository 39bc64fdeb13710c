namespace VlmSharp.Cpu.Simd;

/// <summary>A register of fp32 numbers.</summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal unsafe interface IFloats<V> where V : struct, IFloats<V>
{
    /// <summary>Floats in a register.</summary>
    static abstract int Count { get; }

    static abstract V Zero { get; }

    static abstract V Load(float* source);

    static abstract V Broadcast(float value);

    static abstract void Store(float* target, V value);

    static abstract V operator +(V left, V right);

    static abstract V operator -(V left, V right);

    static abstract V operator *(V left, V right);

    static abstract V operator /(V left, V right);

    /// <summary>a * b + c, rounded once where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>
    /// sum = a * b + sum. Loops with many sums need this form: if a result is copied into its sum, the JIT keeps two copies alive
    /// and runs out of registers.
    /// </summary>
    static abstract void Accumulate(ref V sum, V a, V b);

    /// <summary>The smaller of each pair; where x is NaN the result is NaN.</summary>
    static abstract V Min(V bound, V x);

    /// <summary>The larger of each pair; where x is NaN the result is NaN.</summary>
    static abstract V Max(V bound, V x);

    /// <summary>x if it is above best, else best: NaN is never taken.</summary>
    static abstract V TakeGreater(V x, V best);

    /// <summary>The largest element; there must be no NaN.</summary>
    static abstract float Largest(V x);

    /// <summary>The square root of each, correctly rounded.</summary>
    static abstract V Sqrt(V x);

    /// <summary>2^n from 1.5 * 2^23 + n, n in [-126, 127]: adding that constant puts n into the lowest bits of the mantissa.</summary>
    static abstract V PowerOfTwo(V shifted);

    /// <summary>The sum of all elements.</summary>
    static abstract float Sum(V x);

    /// <summary>The sums of all elements of four registers.</summary>
    static abstract V128 Sums(V a, V b, V c, V d);
}
