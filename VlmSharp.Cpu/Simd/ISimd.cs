namespace VlmSharp.Cpu.Simd;

/// <summary>
/// A register, for all that it is used for. Kernels are written once over this interface; the JIT compiles them once per width, and
/// every call becomes the one instruction it names. What works with floats alone asks for <see cref="IFloats{V}"/> and no more.
/// </summary>
/// <typeparam name="V">The implementing struct: <see cref="V128"/>, <see cref="V256"/> or <see cref="V512"/>.</typeparam>
internal interface ISimd<V> : IFloats<V>, IShortFloats<V>, IIntegers<V>, ICodes<V> where V : struct, ISimd<V>
{
    /// <summary>Registers that a processor with this width has at the least: how many sums a loop can keep.</summary>
    static abstract int Registers { get; }
}
