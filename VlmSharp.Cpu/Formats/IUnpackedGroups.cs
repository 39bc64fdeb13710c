using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>
/// Groups that are unpacked before they are multiplied, to integers as wide as the activations. Weights and activations of a group may
/// be in any order, as long as it is the same.
/// </summary>
internal unsafe interface IUnpackedGroups : IGroupFormat
{
    /// <summary>Widens a group to 16-bit integers, in the order of the row, without the offset.</summary>
    static abstract void Widen(byte* group, short* target);

    /// <summary>Unpacks a group to bytes, in the order of the row, without the offset.</summary>
    /// <param name="group">As stored.</param>
    /// <param name="target">[Group].</param>
    static abstract void UnpackBytes(byte* group, sbyte* target);

    /// <summary>Unpacks a group of weights, with the <see cref="IGroupFormat.Offset"/>.</summary>
    /// <param name="group">As stored.</param>
    /// <param name="target">As many integers of <see cref="IGroupFormat.ActivationBytes"/> each.</param>
    static abstract void UnpackGroup(byte* group, byte* target);

    /// <summary>Reorders a group of activations from the order of the row to the order of <see cref="UnpackGroup"/>.</summary>
    /// <param name="x">A group of integers, in the order of the row.</param>
    /// <param name="target">As many integers of <see cref="IGroupFormat.ActivationBytes"/> each.</param>
    static abstract void ArrangeGroup(short* x, byte* target);

    /// <summary>Adds the products of all integers in the 32 bits of each element.</summary>
    /// <param name="sum">Sums of at most one group, in the form that <see cref="ToFloats"/> reads.</param>
    /// <param name="w">Weights, from <see cref="UnpackGroup"/>.</param>
    /// <param name="x">Activations, from <see cref="ArrangeGroup"/>.</param>
    static abstract void AddProducts<V>(ref V sum, V w, V x) where V : struct, ISimd<V>;

    /// <summary>The sums of a group as floats.</summary>
    static abstract V ToFloats<V>(V sum) where V : struct, ISimd<V>;
}
