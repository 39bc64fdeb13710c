using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// A row of activations as integers with a scale for each group, in the order that <see cref="IntegerGemv{V, Q}"/> reads.
/// </summary>
internal readonly unsafe struct IntegerRow
{
    /// <summary>The integers, in the order of <see cref="IStoredGroups.Arrange{V}"/>.</summary>
    public byte* Integers { get; init; }

    /// <summary>The scales of the groups, in the order of <see cref="IStoredGroups.ScalePlace{V}"/>.</summary>
    public float* Scales { get; init; }

    /// <summary>The amount that the weights' offset adds to each group's sum, negated.</summary>
    public float* Corrections { get; init; }

    /// <summary>The same row without the first groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IntegerRow From<Q>(nint first) where Q : struct, IGroupFormat =>
        new() { Integers = Integers + first * Q.Group * Q.ActivationBytes, Scales = Scales + first, Corrections = Corrections + first };

    /// <summary>Writes the row, padded with zeros to whole steps of <c>V.Count</c> groups.</summary>
    /// <param name="x">A row of activations: all of its groups, one after the other.</param>
    /// <param name="groups">Number of groups.</param>
    [SkipLocalsInit] // written before it is read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Round<V, Q>(float* x, int groups) where V : struct, ISimd<V> where Q : struct, IStoredGroups
    {
        int step = V.Count * Q.Group;
        float* padded = stackalloc float[step];
        short* integers = stackalloc short[step];
        for (int first = 0; first < groups; first += V.Count)
        {
            float* from = x + (nint)first * Q.Group;
            int count = Math.Min(V.Count, groups - first) * Q.Group;
            if (count < step)
            {
                new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(padded, step));
                new Span<float>(padded + count, step - count).Clear();
                from = padded;
            }

            for (int g = 0; g < V.Count; g++)
            {
                int place = first + Q.ScalePlace<V>(g);
                Scales[place] = Rounding.Round<Q>(from + g * Q.Group, integers + g * Q.Group, out int sum);
                if (Q.Offset != 0) Corrections[place] = -Q.Offset * sum;
            }

            Q.Arrange<V>(integers, Integers + (nint)first * Q.Group * Q.ActivationBytes);
        }
    }
}
