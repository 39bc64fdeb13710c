namespace VlmSharp.Cpu.Simd;

/// <summary>Numbers that are stored as indices into a table, and the operations that make such a table.</summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal unsafe interface ICodes<V> where V : struct, ICodes<V>
{
    /// <summary>Looks up as many 4-bit indices as the register has numbers, two to a byte, the first in the upper nibble.</summary>
    /// <param name="source">The indices, from any address; half a byte for each number is read.</param>
    /// <param name="table">[16].</param>
    static abstract V LookUp(byte* source, float* table);

    /// <summary>The nearest bfloat16 numbers, ties to even; NaN stays NaN.</summary>
    static abstract V RoundToBF16(V x);

    /// <summary>The nearest binary16 numbers, ties to even; NaN stays NaN.</summary>
    static abstract V RoundToF16(V x);
}
