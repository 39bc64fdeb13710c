namespace VlmSharp.Cpu.Simd;

/// <summary>
/// A register with all its operations. Kernels are written once over this interface; the JIT compiles them once per width, and
/// every call becomes the one instruction it names. Code that works with floats alone only requires <see cref="IFloats{V}"/>.
/// </summary>
/// <typeparam name="V">The implementing struct: <see cref="V128"/>, <see cref="V256"/> or <see cref="V512"/>.</typeparam>
internal interface ISimd<V> : IFloats<V>, IShortFloats<V>, IIntegers<V>, ICodes<V> where V : struct, ISimd<V>
{
    /// <summary>Registers that every processor with this width has: the limit for the sums that a loop can keep.</summary>
    static abstract int Registers { get; }
}
