using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product of a few rows of activations with a matrix, row by row of the matrix:
/// <code>
/// y[t, n] = sum_k x[t, k] * w[n, k]      t &lt; T, a handful
/// </code>
/// One row of activations is bound by reading w once from memory, so all that matters is to keep the loads coming: eight rows of w are
/// read side by side, eight streams for the prefetchers and eight independent sums, and widened in registers on the way. The eight
/// are an eighth of the rows apart, so that each stream runs on in memory where a row ends and the next begins. A format that
/// splits pairs (<see cref="IFloatFormat.SplitsPairs"/>) widens with one instruction instead of two.
/// Several rows are bound by arithmetic sooner or later. Four rows of x share the widened registers of three rows of w: twelve sums,
/// three registers of w and one of x are what sixteen registers hold.
/// </summary>
/// <remarks>
/// Every sum is one register of partial sums, whatever the number of rows of activations: a row's result does not depend, to
/// the last bit, on what else is in the batch.
/// </remarks>
/// <param name="x">[count, stride], with split pairs where the format of w has them.</param>
/// <param name="stride">Distance between rows of x.</param>
/// <param name="count">T.</param>
/// <param name="k">Length of the sums.</param>
internal readonly unsafe struct Gemv<V, F>(float* x, nint stride, int count, int k) : IGemv<Gemv<V, F>>
    where V : struct, ISimd<V> where F : struct, IFloatFormat
{
    private const int MatrixRows = 3, InputRows = 4, CacheLineFloats = 16;

    public static Gemv<V, F> Prepare(CpuContext context, HostMatrix x)
    {
        if (!F.SplitsPairs) return new(x.Data, x.Columns, x.Rows, x.Columns);
        // A cache line more than a row: rows 4 KB apart contend for one set of the first-level cache.
        nint stride = x.Columns + CacheLineFloats;
        float* split = context.Shared.Reserve(x.Rows * stride);
        for (int t = 0; t < x.Rows; t++) Packing.SplitPairs<V>(x.RowPointer(t), split + t * stride, x.Columns);
        return new(split, stride, x.Rows, x.Columns);
    }

    public void Multiply(WeightRows w, int rows, float* y, nint yStride)
    {
        if (count == 1)
        {
            Lone(x, w, rows, k, y);
            return;
        }

        float* sums = stackalloc float[MatrixRows * InputRows];
        int run = (rows + MatrixRows - 1) / MatrixRows;
        for (int n = 0; n < run; n++)
        {
            // Where the last run is shorter, its last row stands in; so do the last of x.
            byte* w0 = w.At(n), w1 = w.At(Math.Min(n + run, rows - 1)), w2 = w.At(Math.Min(n + 2 * run, rows - 1));
            for (int t = 0; t < count; t += InputRows)
            {
                float* x0 = x + t * stride, x1 = x + Math.Min(t + 1, count - 1) * stride;
                float* x2 = x + Math.Min(t + 2, count - 1) * stride, x3 = x + Math.Min(t + 3, count - 1) * stride;
                Several(x0, x1, x2, x3, w0, w1, w2, k, sums, 0);
                for (int i = 0; i < MatrixRows && n + i * run < rows; i++)
                    for (int j = 0; j < InputRows && t + j < count; j++) y[(t + j) * yStride + n + i * run] = sums[i * InputRows + j];
            }
        }
    }

    // One row of activations, eight rows of w: as many independent sums as hide the latency of a multiply-add.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lone(float* x, WeightRows w, int rows, int k, float* y)
    {
        const int Streams = 8;
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
                nint at = j * F.Size;
                V.Accumulate(ref a0, F.LoadFirst<V>(w0 + at), x0);
                V.Accumulate(ref a0, F.LoadSecond<V>(w0 + at), x1);
                V.Accumulate(ref a1, F.LoadFirst<V>(w1 + at), x0);
                V.Accumulate(ref a1, F.LoadSecond<V>(w1 + at), x1);
                V.Accumulate(ref a2, F.LoadFirst<V>(w2 + at), x0);
                V.Accumulate(ref a2, F.LoadSecond<V>(w2 + at), x1);
                V.Accumulate(ref a3, F.LoadFirst<V>(w3 + at), x0);
                V.Accumulate(ref a3, F.LoadSecond<V>(w3 + at), x1);
                V.Accumulate(ref a4, F.LoadFirst<V>(w4 + at), x0);
                V.Accumulate(ref a4, F.LoadSecond<V>(w4 + at), x1);
                V.Accumulate(ref a5, F.LoadFirst<V>(w5 + at), x0);
                V.Accumulate(ref a5, F.LoadSecond<V>(w5 + at), x1);
                V.Accumulate(ref a6, F.LoadFirst<V>(w6 + at), x0);
                V.Accumulate(ref a6, F.LoadSecond<V>(w6 + at), x1);
                V.Accumulate(ref a7, F.LoadFirst<V>(w7 + at), x0);
                V.Accumulate(ref a7, F.LoadSecond<V>(w7 + at), x1);
            }
            V128.Store(sums, V.Sums(a0, a1, a2, a3));
            V128.Store(sums + 4, V.Sums(a4, a5, a6, a7));
            for (int i = 0, row = n; i < Streams && row < rows; i++, row += run) y[row] = sums[i] + Rest(x, w.At(row), j, k);
        }
    }

    // Three rows of w, four of x. zero is 0: an offset that the compiler does not know, for otherwise it would keep what it loads for the
    // first halves to widen the second ones from it, in registers that there are not.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Several(float* x0, float* x1, float* x2, float* x3, byte* w0, byte* w1, byte* w2, int k, float* sums, nint zero)
    {
        V s00 = V.Zero, s01 = V.Zero, s02 = V.Zero, s03 = V.Zero;
        V s10 = V.Zero, s11 = V.Zero, s12 = V.Zero, s13 = V.Zero;
        V s20 = V.Zero, s21 = V.Zero, s22 = V.Zero, s23 = V.Zero;
        nint column = 0;
        for (nint end = k - 2 * V.Count; column <= end; column += 2 * V.Count)
        {
            nint at = column * F.Size;
            V f0 = F.LoadFirst<V>(w0 + at), f1 = F.LoadFirst<V>(w1 + at), f2 = F.LoadFirst<V>(w2 + at), x;
            x = V.Load(x0 + column);
            V.Accumulate(ref s00, f0, x);
            V.Accumulate(ref s10, f1, x);
            V.Accumulate(ref s20, f2, x);
            x = V.Load(x1 + column);
            V.Accumulate(ref s01, f0, x);
            V.Accumulate(ref s11, f1, x);
            V.Accumulate(ref s21, f2, x);
            x = V.Load(x2 + column);
            V.Accumulate(ref s02, f0, x);
            V.Accumulate(ref s12, f1, x);
            V.Accumulate(ref s22, f2, x);
            x = V.Load(x3 + column);
            V.Accumulate(ref s03, f0, x);
            V.Accumulate(ref s13, f1, x);
            V.Accumulate(ref s23, f2, x);
            at += zero;
            f0 = F.LoadSecond<V>(w0 + at);
            f1 = F.LoadSecond<V>(w1 + at);
            f2 = F.LoadSecond<V>(w2 + at);
            x = V.Load(x0 + column + V.Count);
            V.Accumulate(ref s00, f0, x);
            V.Accumulate(ref s10, f1, x);
            V.Accumulate(ref s20, f2, x);
            x = V.Load(x1 + column + V.Count);
            V.Accumulate(ref s01, f0, x);
            V.Accumulate(ref s11, f1, x);
            V.Accumulate(ref s21, f2, x);
            x = V.Load(x2 + column + V.Count);
            V.Accumulate(ref s02, f0, x);
            V.Accumulate(ref s12, f1, x);
            V.Accumulate(ref s22, f2, x);
            x = V.Load(x3 + column + V.Count);
            V.Accumulate(ref s03, f0, x);
            V.Accumulate(ref s13, f1, x);
            V.Accumulate(ref s23, f2, x);
        }

        V128.Store(sums, V.Sums(s00, s01, s02, s03));
        V128.Store(sums + 4, V.Sums(s10, s11, s12, s13));
        V128.Store(sums + 8, V.Sums(s20, s21, s22, s23));
        if (column == k) return;
        float** x4 = stackalloc float*[InputRows] { x0, x1, x2, x3 };
        byte** w3 = stackalloc byte*[MatrixRows] { w0, w1, w2 };
        for (int i = 0; i < MatrixRows * InputRows; i++) sums[i] += Rest(x4[i % InputRows], w3[i / InputRows], column, k);
    }

    // The columns that fill no two registers.
    private static float Rest(float* x, byte* w, nint from, int k)
    {
        float sum = 0;
        for (nint j = from; j < k; j++) sum += F.Load(w + j * F.Size) * x[j];
        return sum;
    }
}
