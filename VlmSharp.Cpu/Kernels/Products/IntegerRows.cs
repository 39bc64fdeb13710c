using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// Rows of activations as integers, for <see cref="IntegerGemv"/>, and for <see cref="Tile"/> a group at a time: per group of the weight
/// format, a = max |x| / most and round(x / a).
/// Beside weights of 8 bits they have 16: an error of 2^-16 of the group's largest element, far below that of the weights. Beside
/// weights of 4 bits they have 8, an error of 2^-8 where that of the weights is 2^-4. The groups of a row are filled up with zeros to
/// whole steps of V.Count.
/// </summary>
internal static unsafe class IntegerRows
{
    public static PreparedRows From<V, Q>(CpuContext context, HostMatrix x) where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int groups = x.Columns / Q.Group, padded = (groups + V.Count - 1) / V.Count * V.Count;
        long scales = (long)x.Rows * padded, integers = (scales * Q.Group * Q.ActivationBytes + sizeof(float) - 1) / sizeof(float);
        float* scratch = context.Shared.Reserve(2 * scales + integers);
        var rows = new PreparedRows { X = x, Stride = x.Columns, Groups = padded, Scales = scratch, Corrections = scratch + scales, Integers = (byte*)(scratch + 2 * scales) };
        for (int t = 0; t < x.Rows; t++) Round<V, Q>(x.RowPointer(t), groups, rows.Row<Q>(t));
        return rows;
    }

    [SkipLocalsInit] // written before it is read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Round<V, Q>(float* x, int groups, in IntegerRow row) where V : struct, ISimd<V> where Q : struct, IGroupFormat
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
                short* group = integers + g * Q.Group;
                int place = first + Q.ScalePlace<V>(g);
                row.Scales[place] = RoundGroup(from + g * Q.Group, Q.Group, Q.MostActivation, group);
                if (Q.Offset != 0) row.Corrections[place] = -Q.Offset * Sum(group, Q.Group);
            }

            Q.Arrange<V>(integers, row.Integers + (nint)first * Q.Group * Q.ActivationBytes);
        }
    }

    /// <summary>Rounds a group by itself: its integers in the order of <see cref="IGroupFormat.ArrangeGroup"/>, their sum where the format has an offset.</summary>
    /// <param name="x">A group of activations.</param>
    /// <param name="group">Room for as many integers.</param>
    /// <param name="target">The integers, of <see cref="IGroupFormat.ActivationBytes"/> each.</param>
    /// <param name="sum">Their sum.</param>
    /// <returns>The scale.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float RoundGroup<Q>(float* x, short* group, byte* target, out int sum) where Q : struct, IGroupFormat
    {
        float scale = RoundGroup(x, Q.Group, Q.MostActivation, group);
        sum = Q.Offset == 0 ? 0 : Sum(group, Q.Group);
        Q.ArrangeGroup(group, target);
        return scale;
    }

    // The bits of positive floats are ordered as the numbers are, with infinity and then NaN above them all: these make the scale a NaN,
    // and so the sum. What is so small that its inverse overflows counts as zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RoundGroup(float* x, int count, float mostActivation, short* target)
    {
        Vector128<int> bits = Vector128<int>.Zero;
        for (int i = 0; i < count; i += 4) bits = Vector128.Max(bits, Vector128.Load((int*)x + i) & Vector128.Create(int.MaxValue));
        bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(2, 3, 0, 1)));
        bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(1, 0, 3, 2)));
        Vector128<float> largest = bits.AsSingle(); // in all four elements
        Vector128<float> inverse = Vector128.Create(mostActivation) / largest;
        inverse = Vector128.ConditionalSelect(Vector128.GreaterThan(largest, Vector128.Create(mostActivation / float.MaxValue)), inverse, Vector128<float>.Zero);
        for (int i = 0; i < count; i += 8)
        {
            Vector128<int> low = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(x + i) * inverse));
            Vector128<int> high = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(x + i + 4) * inverse));
            Vector128.NarrowWithSaturation(low, high).Store(target + i);
        }

        return float.IsFinite(largest.ToScalar()) ? largest.ToScalar() / mostActivation : float.NaN;
    }

    // Integers of 8 bits: their sum is in range.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Sum(short* x, int count)
    {
        Vector128<short> sum = Vector128<short>.Zero;
        for (int i = 0; i < count; i += 8) sum += Vector128.Load(x + i);
        return Vector128.Sum(Integers.PairSums(sum, Vector128<short>.One));
    }
}
