using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product of a few rows of activations with quantized weights. Within a group everything is an integer, so its sum is exact;
/// floats appear once a group:
/// <code>
/// y[t, n] = sum_g s[n, g] a[t, g] sum_{i in g} q[n, i] z[t, i]        w = s q,  x = a z
/// </code>
/// with q of 8 bits and z of 16, or q of 4 and z of 8. The instructions that this rests on multiply integers and add neighbors, 16 or
/// 32 products where a float multiply-add has 8: that is what lets a weight, unpacked on the way, keep up with the memory. The one
/// for bytes wants a factor without a sign, so q + 8 is what is stored, and
/// <code>
/// sum_i q z = sum_i (q + 8) z  -  8 sum_i z
/// </code>
/// whose last term does not depend on the weights.
/// </summary>
/// <remarks>
/// Four rows of the matrix are read side by side, a quarter of the rows apart, as <see cref="Gemv"/> does. A result does not depend, to
/// the last bit, on what else is in the batch.
/// </remarks>
internal static unsafe class IntegerGemv
{
    /// <summary>Rows of the matrix that are read side by side.</summary>
    public const int RowsAtOnce = 4;

    /// <summary>y[t, n] for all t and some rows of w.</summary>
    /// <param name="x">T rows, as <see cref="IntegerRows"/> made them.</param>
    /// <param name="weight">The rows of w.</param>
    /// <param name="rows">How many of them.</param>
    /// <param name="y">[T, yStride]; <paramref name="rows"/> columns of it are written.</param>
    /// <param name="yStride">Distance between rows of y.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<V, Q>(in PreparedRows x, WeightRows weight, int rows, float* y, nint yStride)
        where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int groups = x.X.Columns / Q.Group, run = (rows + RowsAtOnce - 1) / RowsAtOnce;
        byte** w = stackalloc byte*[RowsAtOnce];
        ushort** scales = stackalloc ushort*[RowsAtOnce];
        for (int n = 0; n < run; n++)
        {
            for (int i = 0; i < RowsAtOnce; i++)
            {
                int row = Math.Min(n + i * run, rows - 1); // where the last run is shorter, its last row stands in
                w[i] = weight.At(row);
                scales[i] = weight.ScalesAt(row);
            }

            for (int t = 0; t < x.X.Rows; t++)
            {
                V128 sums = FourRows<V, Q>(w, scales, x.Row<Q>(t), groups);
                for (int i = 0, row = n; i < RowsAtOnce && row < rows; i++, row += run) y[t * yStride + row] = ((float*)&sums)[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V128 FourRows<V, Q>(byte** w, ushort** scales, in IntegerRow x, int groups)
        where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        float* sums = stackalloc float[RowsAtOnce * V.Count];
        new Span<float>(sums, RowsAtOnce * V.Count).Clear();
        int whole = groups / V.Count * V.Count;
        Q.Accumulate<V>(sums, w, scales, x, whole);
        if (whole < groups) Rest<V, Q>(sums, w, scales, whole, groups - whole, x.From<Q>(whole));
        return V.Sums(V.Load(sums), V.Load(sums + V.Count), V.Load(sums + 2 * V.Count), V.Load(sums + 3 * V.Count));
    }

    // The last groups, fewer than a step takes: a copy of them with zeros behind.
    private static void Rest<V, Q>(float* sums, byte** w, ushort** scales, int first, int count, in IntegerRow x)
        where V : struct, ISimd<V> where Q : struct, IGroupFormat
    {
        int step = V.Count * Q.Bytes;
        byte* weights = stackalloc byte[RowsAtOnce * step];
        ushort* factors = stackalloc ushort[RowsAtOnce * V.Count];
        byte** lastWeights = stackalloc byte*[RowsAtOnce];
        ushort** lastScales = stackalloc ushort*[RowsAtOnce];
        new Span<byte>(weights, RowsAtOnce * step).Clear();
        new Span<ushort>(factors, RowsAtOnce * V.Count).Clear();
        for (int r = 0; r < RowsAtOnce; r++)
        {
            lastWeights[r] = weights + r * step;
            lastScales[r] = factors + r * V.Count;
            new ReadOnlySpan<byte>(w[r] + (nint)first * Q.Bytes, count * Q.Bytes).CopyTo(new Span<byte>(lastWeights[r], step));
            new ReadOnlySpan<byte>(scales[r] + first, count * sizeof(ushort)).CopyTo(new Span<byte>(lastScales[r], V.Count * sizeof(ushort)));
        }

        Q.Accumulate<V>(sums, lastWeights, lastScales, x, V.Count);
    }
}
