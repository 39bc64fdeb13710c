namespace VlmSharp.Cpu.Simd;

/// <summary>Floats of 16 bits in memory, widened to a register of fp32 as they are loaded, from any address.</summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal unsafe interface IShortFloats<V> where V : struct, IShortFloats<V>
{
    /// <summary>Loads bfloat16 numbers: the bits shifted into the upper half.</summary>
    static abstract V LoadBF16(byte* source);

    /// <summary>
    /// Loads the even ones of two registers full of bfloat16 numbers: one shift of what lies there, where loading them in order takes a
    /// shuffle too.
    /// </summary>
    static abstract V LoadEvenBF16(byte* source);

    /// <summary>Loads the odd ones.</summary>
    static abstract V LoadOddBF16(byte* source);

    /// <summary>
    /// Loads bfloat16 numbers in the order of <see cref="IIntegers{V}.ConvertLaneSums"/>: element j of the l-th 128 bits is number
    /// j L + l, where L is how many 128 bits a register has.
    /// </summary>
    static abstract V LoadLanesBF16(ushort* source);

    /// <summary>Loads bfloat16 numbers, half as many as a register has, each into two neighbors.</summary>
    static abstract V LoadTwiceBF16(ushort* source);

    /// <summary>Loads binary16 numbers.</summary>
    static abstract V LoadF16(byte* source);
}
