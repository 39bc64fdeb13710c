using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>Groups that are multiplied in their stored form, in steps of <c>V.Count</c> groups.</summary>
internal unsafe interface IStoredGroups : IGroupFormat
{
    /// <summary>How many groups <see cref="Products"/> takes: <c>V.Count</c>, or 1.</summary>
    static abstract int GroupsAtOnce<V>() where V : struct, ISimd<V>;

    /// <summary>
    /// sum_i w[i] x[i] over each group, exact: one group's sum in each element, in the order of <see cref="ScalePlace"/>, or a
    /// single group's sum spread over the elements. The weights include the <see cref="IGroupFormat.Offset"/>.
    /// </summary>
    /// <param name="w">The weights, as stored.</param>
    /// <param name="x">The activations, in the order of <see cref="Arrange"/>.</param>
    static abstract V Products<V>(byte* w, byte* x) where V : struct, ISimd<V>;

    /// <summary>Groups that share a scale of the weights: 1, or more if the activations' scales are for smaller groups.</summary>
    static abstract int GroupsPerScale { get; }

    /// <summary>Loads the bfloat16 scales of a step's groups in the order of <see cref="ScalePlace"/>.</summary>
    static abstract V LoadScales<V>(ushort* source) where V : struct, ISimd<V>;

    /// <summary>The place of the scale of the g-th group of a step.</summary>
    static abstract int ScalePlace<V>(int g) where V : struct, ISimd<V>;

    /// <summary>Reorders the integers of a step's activations from the order of the row to the order of <see cref="Products"/>.</summary>
    /// <param name="x">V.Count groups.</param>
    /// <param name="target">As many, of <see cref="IGroupFormat.ActivationBytes"/> each.</param>
    static abstract void Arrange<V>(short* x, byte* target) where V : struct, ISimd<V>;
}
