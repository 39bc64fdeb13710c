namespace VlmSharp.Cpu.Simd;

/// <summary>16-bit floats in memory, from any address, widened to a register of fp32 when loaded.</summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal unsafe interface IShortFloats<V> where V : struct, IShortFloats<V>
{
    /// <summary>Loads bfloat16 numbers: their bits become the upper half of fp32.</summary>
    static abstract V LoadBF16(byte* source);

    /// <summary>
    /// Loads the even ones of two full registers of bfloat16 numbers. This needs one shift; loading them in order needs a shuffle as well.
    /// </summary>
    static abstract V LoadEvenBF16(byte* source);

    /// <summary>Loads the odd ones of two full registers of bfloat16 numbers.</summary>
    static abstract V LoadOddBF16(byte* source);

    /// <summary>
    /// Loads bfloat16 numbers in the order of <see cref="IIntegers{V}.ConvertLaneSums"/>: element j of the l-th 128 bits is number
    /// j L + l, where L is the number of 128-bit lanes in a register.
    /// </summary>
    static abstract V LoadLanesBF16(ushort* source);

    /// <summary>Loads half as many bfloat16 numbers as a register has, each into two neighboring elements.</summary>
    static abstract V LoadTwiceBF16(ushort* source);

    /// <summary>Loads binary16 numbers.</summary>
    static abstract V LoadF16(byte* source);
}
