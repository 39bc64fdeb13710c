using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu;

/// <summary>
/// The product of a few rows of activations with quantized weights. Within a group everything is an integer, so its sum is exact;
/// floats appear once a group:
/// <code>
/// y[t, n] = sum_g s[n, g] a[t, g] sum_{i in g} q[n, i] z[t, i]        w = s q,  x = a z
/// </code>
/// with q of 8 or 4 bits and z of 16. The instruction that this rests on multiplies 16-bit integers and adds neighbours: twice as
/// many products as a float multiply-add has, which is what lets a 4-bit weight, unpacked on the way, keep up with the memory.
/// </summary>
/// <remarks>
/// Four rows of the matrix are read side by side, a quarter of the rows apart, as <see cref="Gemv"/> does. A result does not depend, to
/// the last bit, on what else is in the batch.
/// </remarks>
internal static unsafe class IntegerGemv
{
    // Factors s a are made for so many groups at a time: four rows of them stay in the first-level cache.
    private const int Block = 128;

    /// <summary>y[t, n] for all t and some rows of w.</summary>
    /// <param name="x">T rows, as <see cref="IntegerRows"/> made them.</param>
    /// <param name="weight">The rows of w.</param>
    /// <param name="rows">How many of them.</param>
    /// <param name="y">[T, yStride]; <paramref name="rows"/> columns of it are written.</param>
    /// <param name="yStride">Distance between rows of y.</param>
    public static void Multiply<V, Q>(in FewRows x, WeightRows weight, int rows, float* y, nint yStride)
        where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int groups = x.X.Columns / Q.Group, run = (rows + 3) / 4, last = rows - 1;
        float* sums = stackalloc float[4];
        for (int n = 0; n < run; n++)
        {
            // Where the last run is shorter, its last row stands in.
            int n1 = Math.Min(n + run, last), n2 = Math.Min(n + 2 * run, last), n3 = Math.Min(n + 3 * run, last);
            for (int t = 0; t < x.X.Rows; t++)
            {
                short* integers = x.Integers + (nint)t * x.X.Columns;
                float* scales = x.Scales + (nint)t * groups;
                FourRows<V, Q>(weight, n, n1, n2, n3, integers, scales, groups, sums);
                for (int i = 0, row = n; i < 4 && row < rows; i++, row += run) y[t * yStride + row] = sums[i];
            }
        }
    }

    [SkipLocalsInit] // the factors are written before they are read
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<V, Q>(in WeightRows weight, int n0, int n1, int n2, int n3, short* x, float* a, int groups, float* sums)
        where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int step = Q.GroupsAtOnce<V>();
        float* factors = stackalloc float[4 * Block];
        byte* w0 = weight.At(n0), w1 = weight.At(n1), w2 = weight.At(n2), w3 = weight.At(n3);
        ushort* s0 = weight.ScalesAt(n0), s1 = weight.ScalesAt(n1), s2 = weight.ScalesAt(n2), s3 = weight.ScalesAt(n3);
        V y0 = V.Zero, y1 = V.Zero, y2 = V.Zero, y3 = V.Zero;
        V128 rest0 = V128.Zero, rest1 = V128.Zero, rest2 = V128.Zero, rest3 = V128.Zero;
        for (int first = 0; first < groups; first += Block)
        {
            int count = Math.Min(Block, groups - first), g = 0;
            Factors<V>(s0 + first, s1 + first, s2 + first, s3 + first, a + first, count, factors);
            for (; g + step <= count; g += step)
            {
                nint at = (nint)(first + g) * Q.Bytes;
                short* z = x + (nint)(first + g) * Q.Group;
                Q.Accumulate(ref y0, w0 + at, z, factors + g);
                Q.Accumulate(ref y1, w1 + at, z, factors + Block + g);
                Q.Accumulate(ref y2, w2 + at, z, factors + 2 * Block + g);
                Q.Accumulate(ref y3, w3 + at, z, factors + 3 * Block + g);
            }

            for (; g < count; g++) // groups that fill no register, only at the end of the row
            {
                nint at = (nint)(first + g) * Q.Bytes;
                short* z = x + (nint)(first + g) * Q.Group;
                Q.Accumulate(ref rest0, w0 + at, z, factors + g);
                Q.Accumulate(ref rest1, w1 + at, z, factors + Block + g);
                Q.Accumulate(ref rest2, w2 + at, z, factors + 2 * Block + g);
                Q.Accumulate(ref rest3, w3 + at, z, factors + 3 * Block + g);
            }
        }

        V128 whole = V.Sums(y0, y1, y2, y3);
        V128.Store(sums, groups % step == 0 ? whole : whole + V128.Sums(rest0, rest1, rest2, rest3));
    }

    // s a of some groups, for each of the four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Factors<V>(ushort* s0, ushort* s1, ushort* s2, ushort* s3, float* a, int count, float* target) where V : struct, ISimd<V>
    {
        int g = 0;
        for (; g + V.Count <= count; g += V.Count)
        {
            V factor = V.Load(a + g);
            V.Store(target + g, V.LoadBF16((byte*)(s0 + g)) * factor);
            V.Store(target + Block + g, V.LoadBF16((byte*)(s1 + g)) * factor);
            V.Store(target + 2 * Block + g, V.LoadBF16((byte*)(s2 + g)) * factor);
            V.Store(target + 3 * Block + g, V.LoadBF16((byte*)(s3 + g)) * factor);
        }

        for (; g < count; g++)
        {
            target[g] = BF16Format.Load((byte*)(s0 + g)) * a[g];
            target[Block + g] = BF16Format.Load((byte*)(s1 + g)) * a[g];
            target[2 * Block + g] = BF16Format.Load((byte*)(s2 + g)) * a[g];
            target[3 * Block + g] = BF16Format.Load((byte*)(s3 + g)) * a[g];
        }
    }
}
