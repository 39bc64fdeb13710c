using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu;

/// <summary>
/// The product of a few rows of activations with a matrix, row by row of the matrix:
/// <code>
/// y[t, n] = sum_k x[t, k] * w[n, k]      t &lt; T, a handful
/// </code>
/// Its floor is the time to read w once from memory, so all that matters is to keep the loads coming: eight rows of w are read
/// side by side, eight streams for the prefetchers and eight independent sums, and widened in registers on the way. The eight
/// are an eighth of the rows apart, so that each stream runs on in memory where a row ends and the next begins. With
/// several rows of activations, pairs of them share a widened register of four rows of w, which are read again from the
/// cache for the next pair. A format that splits pairs (<see cref="IElementFormat.SplitsPairs"/>) widens with one instruction
/// instead of two: the loop is then limited by the reading, not by the widening.
/// </summary>
/// <remarks>
/// Every sum is one register of partial sums, whatever the number of rows of activations: a row's result does not depend, to
/// the last bit, on what else is in the batch.
/// </remarks>
internal static unsafe class Gemv
{
    private const int RowsAtOnce = 4;

    /// <summary>y[t, n] for all t and some rows of w.</summary>
    /// <param name="x">[count, xStride], with split pairs where the format of w has them.</param>
    /// <param name="xStride">Distance between rows of x.</param>
    /// <param name="count">T.</param>
    /// <param name="w">The rows of w.</param>
    /// <param name="rows">How many of them.</param>
    /// <param name="k">Length of the sums.</param>
    /// <param name="y">[count, yStride]; <paramref name="rows"/> columns of it are written.</param>
    /// <param name="yStride">Distance between rows of y.</param>
    public static void Multiply<V, W>(float* x, nint xStride, int count, WeightRows w, int rows, int k, float* y, nint yStride)
        where V : struct, ISimd<V> where W : struct, IElementFormat
    {
        if (count == 1)
        {
            Lone<V, W>(x, w, rows, k, y);
            return;
        }

        float* sums = stackalloc float[2 * RowsAtOnce];
        int run = (rows + RowsAtOnce - 1) / RowsAtOnce;
        for (int n = 0; n < run; n++)
        {
            // Where the last run is shorter, its last row stands in.
            byte* w0 = w.At(n);
            byte* w1 = w.At(Math.Min(n + run, rows - 1));
            byte* w2 = w.At(Math.Min(n + 2 * run, rows - 1));
            byte* w3 = w.At(Math.Min(n + 3 * run, rows - 1));
            for (int t = 0; t < count; t += 2)
            {
                bool pair = t + 1 < count;
                if (pair) Pair<V, W>(x + t * xStride, x + (t + 1) * xStride, w0, w1, w2, w3, k, sums);
                else Single<V, W>(x + t * xStride, w0, w1, w2, w3, k, sums);
                for (int i = 0, row = n; i < RowsAtOnce && row < rows; i++, row += run)
                {
                    y[t * yStride + row] = sums[i];
                    if (pair) y[(t + 1) * yStride + row] = sums[RowsAtOnce + i];
                }
            }
        }
    }

    // One row of activations, eight rows of w: as many independent sums as hide the latency of a multiply-add.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lone<V, W>(float* x, WeightRows w, int rows, int k, float* y) where V : struct, ISimd<V> where W : struct, IElementFormat
    {
        const int Streams = 2 * RowsAtOnce;
        float* sums = stackalloc float[Streams];
        int run = (rows + Streams - 1) / Streams, last = rows - 1;
        for (int n = 0; n < run; n++)
        {
            byte* w0 = w.At(n);
            byte* w1 = w.At(Math.Min(n + run, last));
            byte* w2 = w.At(Math.Min(n + 2 * run, last));
            byte* w3 = w.At(Math.Min(n + 3 * run, last));
            byte* w4 = w.At(Math.Min(n + 4 * run, last));
            byte* w5 = w.At(Math.Min(n + 5 * run, last));
            byte* w6 = w.At(Math.Min(n + 6 * run, last));
            byte* w7 = w.At(Math.Min(n + 7 * run, last));
            V a0 = V.Zero, a1 = V.Zero, a2 = V.Zero, a3 = V.Zero, a4 = V.Zero, a5 = V.Zero, a6 = V.Zero, a7 = V.Zero;
            nint j = 0;
            for (nint end = k - 2 * V.Count; j <= end; j += 2 * V.Count)
            {
                V x0 = V.Load(x + j), x1 = V.Load(x + j + V.Count);
                nint at = j * W.Size;
                V.Accumulate(ref a0, W.LoadFirst<V>(w0 + at), x0);
                V.Accumulate(ref a0, W.LoadSecond<V>(w0 + at), x1);
                V.Accumulate(ref a1, W.LoadFirst<V>(w1 + at), x0);
                V.Accumulate(ref a1, W.LoadSecond<V>(w1 + at), x1);
                V.Accumulate(ref a2, W.LoadFirst<V>(w2 + at), x0);
                V.Accumulate(ref a2, W.LoadSecond<V>(w2 + at), x1);
                V.Accumulate(ref a3, W.LoadFirst<V>(w3 + at), x0);
                V.Accumulate(ref a3, W.LoadSecond<V>(w3 + at), x1);
                V.Accumulate(ref a4, W.LoadFirst<V>(w4 + at), x0);
                V.Accumulate(ref a4, W.LoadSecond<V>(w4 + at), x1);
                V.Accumulate(ref a5, W.LoadFirst<V>(w5 + at), x0);
                V.Accumulate(ref a5, W.LoadSecond<V>(w5 + at), x1);
                V.Accumulate(ref a6, W.LoadFirst<V>(w6 + at), x0);
                V.Accumulate(ref a6, W.LoadSecond<V>(w6 + at), x1);
                V.Accumulate(ref a7, W.LoadFirst<V>(w7 + at), x0);
                V.Accumulate(ref a7, W.LoadSecond<V>(w7 + at), x1);
            }
            sums[0] = V.Sum(a0);
            sums[1] = V.Sum(a1);
            sums[2] = V.Sum(a2);
            sums[3] = V.Sum(a3);
            sums[4] = V.Sum(a4);
            sums[5] = V.Sum(a5);
            sums[6] = V.Sum(a6);
            sums[7] = V.Sum(a7);
            Rest<W>(x, w0, w1, w2, w3, j, k, sums);
            Rest<W>(x, w4, w5, w6, w7, j, k, sums + RowsAtOnce);
            for (int i = 0, row = n; i < Streams && row < rows; i++, row += run) y[row] = sums[i];
        }
    }

    // The last of an odd number of rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Single<V, W>(float* x, byte* w0, byte* w1, byte* w2, byte* w3, int k, float* sums)
        where V : struct, ISimd<V> where W : struct, IElementFormat
    {
        V a0 = V.Zero, a1 = V.Zero, a2 = V.Zero, a3 = V.Zero;
        nint j = 0;
        for (nint end = k - 2 * V.Count; j <= end; j += 2 * V.Count)
        {
            V x0 = V.Load(x + j), x1 = V.Load(x + j + V.Count);
            nint at = j * W.Size;
            V.Accumulate(ref a0, W.LoadFirst<V>(w0 + at), x0);
            V.Accumulate(ref a0, W.LoadSecond<V>(w0 + at), x1);
            V.Accumulate(ref a1, W.LoadFirst<V>(w1 + at), x0);
            V.Accumulate(ref a1, W.LoadSecond<V>(w1 + at), x1);
            V.Accumulate(ref a2, W.LoadFirst<V>(w2 + at), x0);
            V.Accumulate(ref a2, W.LoadSecond<V>(w2 + at), x1);
            V.Accumulate(ref a3, W.LoadFirst<V>(w3 + at), x0);
            V.Accumulate(ref a3, W.LoadSecond<V>(w3 + at), x1);
        }
        sums[0] = V.Sum(a0);
        sums[1] = V.Sum(a1);
        sums[2] = V.Sum(a2);
        sums[3] = V.Sum(a3);
        Rest<W>(x, w0, w1, w2, w3, j, k, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pair<V, W>(float* x, float* z, byte* w0, byte* w1, byte* w2, byte* w3, int k, float* sums)
        where V : struct, ISimd<V> where W : struct, IElementFormat
    {
        V a0 = V.Zero, a1 = V.Zero, a2 = V.Zero, a3 = V.Zero, b0 = V.Zero, b1 = V.Zero, b2 = V.Zero, b3 = V.Zero;
        nint j = 0;
        for (nint end = k - 2 * V.Count; j <= end; j += 2 * V.Count)
        {
            V x0 = V.Load(x + j), x1 = V.Load(x + j + V.Count), z0 = V.Load(z + j), z1 = V.Load(z + j + V.Count), w;
            nint at = j * W.Size;
            w = W.LoadFirst<V>(w0 + at);
            V.Accumulate(ref a0, w, x0);
            V.Accumulate(ref b0, w, z0);
            w = W.LoadSecond<V>(w0 + at);
            V.Accumulate(ref a0, w, x1);
            V.Accumulate(ref b0, w, z1);
            w = W.LoadFirst<V>(w1 + at);
            V.Accumulate(ref a1, w, x0);
            V.Accumulate(ref b1, w, z0);
            w = W.LoadSecond<V>(w1 + at);
            V.Accumulate(ref a1, w, x1);
            V.Accumulate(ref b1, w, z1);
            w = W.LoadFirst<V>(w2 + at);
            V.Accumulate(ref a2, w, x0);
            V.Accumulate(ref b2, w, z0);
            w = W.LoadSecond<V>(w2 + at);
            V.Accumulate(ref a2, w, x1);
            V.Accumulate(ref b2, w, z1);
            w = W.LoadFirst<V>(w3 + at);
            V.Accumulate(ref a3, w, x0);
            V.Accumulate(ref b3, w, z0);
            w = W.LoadSecond<V>(w3 + at);
            V.Accumulate(ref a3, w, x1);
            V.Accumulate(ref b3, w, z1);
        }
        sums[0] = V.Sum(a0);
        sums[1] = V.Sum(a1);
        sums[2] = V.Sum(a2);
        sums[3] = V.Sum(a3);
        sums[4] = V.Sum(b0);
        sums[5] = V.Sum(b1);
        sums[6] = V.Sum(b2);
        sums[7] = V.Sum(b3);
        Rest<W>(x, w0, w1, w2, w3, j, k, sums);
        Rest<W>(z, w0, w1, w2, w3, j, k, sums + RowsAtOnce);
    }

    // The columns that fill no two registers.
    private static void Rest<W>(float* x, byte* w0, byte* w1, byte* w2, byte* w3, nint from, int k, float* sums)
        where W : struct, IElementFormat
    {
        for (nint j = from; j < k; j++)
        {
            nint at = j * W.Size;
            sums[0] += W.Load(w0 + at) * x[j];
            sums[1] += W.Load(w1 + at) * x[j];
            sums[2] += W.Load(w2 + at) * x[j];
            sums[3] += W.Load(w3 + at) * x[j];
        }
    }
}
