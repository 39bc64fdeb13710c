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
/// With one row of activations, the time is that of reading w once from memory, so the loads must never pause: eight rows of w are
/// read side by side, which gives eight streams for the prefetchers and eight independent sums, and are widened in registers. The eight
/// rows are an eighth of the rows apart, so each stream continues in memory where a row ends and the next begins. A format that
/// splits pairs (<see cref="IFloatFormat.SplitsPairs"/>) widens with one instruction instead of two.
/// With more rows, arithmetic becomes the limit. Four rows of x share the widened registers of three rows of w: twelve sums,
/// three registers of w and one of x fill sixteen registers.
/// </summary>
/// <remarks>
/// Every sum is one register of partial sums, whatever the number of rows of activations: a row's result does not depend, to
/// the last bit, on what else is in the batch.
/// </remarks>
/// <param name="x">[count, stride], with split pairs if the format of w has them.</param>
/// <param name="stride">Distance between rows of x.</param>
/// <param name="count">T, rows of x.</param>
/// <param name="k">Length of the sums.</param>
internal readonly unsafe struct Gemv<V, F>(float* x, nint stride, int count, int k) : IGemv<Gemv<V, F>>
    where V : struct, ISimd<V> where F : struct, IFloatFormat
{
    private const int InputRows = 4, CacheLineFloats = 16;

    // Twelve sums, or twenty-four with 32 registers.
    private static int MatrixRows => V.Registers == 32 ? 6 : 3;

    public static Gemv<V, F> Prepare(CpuContext context, HostMatrix x)
    {
        if (!F.SplitsPairs) return new(x.Data, x.Columns, x.Rows, x.Columns);
        // A cache line longer than a row: rows 4 KB apart compete for the same set of the first-level cache.
        nint stride = x.Columns + CacheLineFloats;
        float* split = context.Shared.Reserve(x.Rows * stride);
        for (int t = 0; t < x.Rows; t++) Packing.SplitPairs<V>(x.RowPointer(t), split + t * stride, x.Columns);
        return new(split, stride, x.Rows, x.Columns);
    }

    public void Multiply(WeightRows w, int rows, WeightRows then, float* y, nint yStride)
    {
        if (count == 1)
        {
            Lone(x, w, rows, k, y);
            return;
        }

        float* sums = stackalloc float[MatrixRows * InputRows];
        byte** places = stackalloc byte*[MatrixRows], next = stackalloc byte*[MatrixRows];
        float** inputs = stackalloc float*[InputRows];
        int run = (rows + MatrixRows - 1) / MatrixRows, passes = (count + InputRows - 1) / InputRows;
        int asked = StreamAhead.Asked(MatrixRows);
        for (int n = 0; n < run; n++)
        {
            // If the last run is shorter, its last row is used again in place of the missing ones; the same holds for x.
            int streams = Math.Min(MatrixRows, (rows - n + run - 1) / run);
            StreamAhead.Place(w, rows, then, n, run, MatrixRows, places, next);
            for (int pass = 0; pass < passes; pass++)
            {
                int t = pass * InputRows;
                for (int j = 0; j < InputRows; j++) inputs[j] = x + Math.Min(t + j, count - 1) * stride;
                int from = StreamAhead.Share(asked, pass, passes), to = StreamAhead.Share(asked, pass + 1, passes);
                int column = Several(inputs, places, next + from, to - from, k, sums, 0);
                float* target = y + t * yStride + n;
                for (int j = 0; j < Math.Min(InputRows, count - t); j++, target += yStride)
                    for (int i = 0; i < streams; i++)
                        target[(nint)i * run] = sums[i * InputRows + j] + (column < k ? Rest(inputs[j], places[i], column, k) : 0);
            }
        }
    }

    // One row of activations, eight rows of w: enough independent sums to hide the latency of a multiply-add. One line of a row is
    // prefetched in a step, also if the step reads two (MatMul.md); the same in Several.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lone(float* x, WeightRows w, int rows, int k, float* y)
    {
        const int Streams = 8;
        float* sums = stackalloc float[Streams];
        int run = (rows + Streams - 1) / Streams, last = rows - 1, ahead = StreamAhead.Bytes;
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
                if (ahead > 0)
                {
                    Packing.PrefetchLine(w0 + at + ahead);
                    Packing.PrefetchLine(w1 + at + ahead);
                    Packing.PrefetchLine(w2 + at + ahead);
                    Packing.PrefetchLine(w3 + at + ahead);
                    Packing.PrefetchLine(w4 + at + ahead);
                    Packing.PrefetchLine(w5 + at + ahead);
                    Packing.PrefetchLine(w6 + at + ahead);
                    Packing.PrefetchLine(w7 + at + ahead);
                }

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

    // MatrixRows rows of w and four of x, in steps of two registers; returns the number of columns done. Meanwhile the rows of w in asked
    // are prefetched. The compiler drops the code for six rows where there are three. zero is 0, an offset that the compiler does not know:
    // otherwise it would keep the loads of the first halves for widening the second ones, and run out of registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Several(float** x, byte** w, byte** asked, int askedRows, int k, float* sums, nint zero)
    {
        float* x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        byte* w0 = w[0], w1 = w[1], w2 = w[2], w3 = null, w4 = null, w5 = null;
        if (V.Registers == 32)
        {
            w3 = w[3];
            w4 = w[4];
            w5 = w[5];
        }

        V s00 = V.Zero, s01 = V.Zero, s02 = V.Zero, s03 = V.Zero;
        V s10 = V.Zero, s11 = V.Zero, s12 = V.Zero, s13 = V.Zero;
        V s20 = V.Zero, s21 = V.Zero, s22 = V.Zero, s23 = V.Zero;
        V s30 = V.Zero, s31 = V.Zero, s32 = V.Zero, s33 = V.Zero;
        V s40 = V.Zero, s41 = V.Zero, s42 = V.Zero, s43 = V.Zero;
        V s50 = V.Zero, s51 = V.Zero, s52 = V.Zero, s53 = V.Zero;
        V f3 = V.Zero, f4 = V.Zero, f5 = V.Zero;
        nint column = 0;
        for (nint end = k - 2 * V.Count; column <= end; column += 2 * V.Count)
        {
            nint at = column * F.Size;
            for (int i = 0; i < askedRows; i++) Packing.PrefetchSecondLevel(asked[i] + at);
            V f0 = F.LoadFirst<V>(w0 + at), f1 = F.LoadFirst<V>(w1 + at), f2 = F.LoadFirst<V>(w2 + at);
            if (V.Registers == 32)
            {
                f3 = F.LoadFirst<V>(w3 + at);
                f4 = F.LoadFirst<V>(w4 + at);
                f5 = F.LoadFirst<V>(w5 + at);
            }

            V value = V.Load(x0 + column);
            V.Accumulate(ref s00, f0, value);
            V.Accumulate(ref s10, f1, value);
            V.Accumulate(ref s20, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s30, f3, value);
                V.Accumulate(ref s40, f4, value);
                V.Accumulate(ref s50, f5, value);
            }

            value = V.Load(x1 + column);
            V.Accumulate(ref s01, f0, value);
            V.Accumulate(ref s11, f1, value);
            V.Accumulate(ref s21, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s31, f3, value);
                V.Accumulate(ref s41, f4, value);
                V.Accumulate(ref s51, f5, value);
            }

            value = V.Load(x2 + column);
            V.Accumulate(ref s02, f0, value);
            V.Accumulate(ref s12, f1, value);
            V.Accumulate(ref s22, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s32, f3, value);
                V.Accumulate(ref s42, f4, value);
                V.Accumulate(ref s52, f5, value);
            }

            value = V.Load(x3 + column);
            V.Accumulate(ref s03, f0, value);
            V.Accumulate(ref s13, f1, value);
            V.Accumulate(ref s23, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s33, f3, value);
                V.Accumulate(ref s43, f4, value);
                V.Accumulate(ref s53, f5, value);
            }

            at += zero;
            f0 = F.LoadSecond<V>(w0 + at);
            f1 = F.LoadSecond<V>(w1 + at);
            f2 = F.LoadSecond<V>(w2 + at);
            if (V.Registers == 32)
            {
                f3 = F.LoadSecond<V>(w3 + at);
                f4 = F.LoadSecond<V>(w4 + at);
                f5 = F.LoadSecond<V>(w5 + at);
            }

            value = V.Load(x0 + column + V.Count);
            V.Accumulate(ref s00, f0, value);
            V.Accumulate(ref s10, f1, value);
            V.Accumulate(ref s20, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s30, f3, value);
                V.Accumulate(ref s40, f4, value);
                V.Accumulate(ref s50, f5, value);
            }

            value = V.Load(x1 + column + V.Count);
            V.Accumulate(ref s01, f0, value);
            V.Accumulate(ref s11, f1, value);
            V.Accumulate(ref s21, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s31, f3, value);
                V.Accumulate(ref s41, f4, value);
                V.Accumulate(ref s51, f5, value);
            }

            value = V.Load(x2 + column + V.Count);
            V.Accumulate(ref s02, f0, value);
            V.Accumulate(ref s12, f1, value);
            V.Accumulate(ref s22, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s32, f3, value);
                V.Accumulate(ref s42, f4, value);
                V.Accumulate(ref s52, f5, value);
            }

            value = V.Load(x3 + column + V.Count);
            V.Accumulate(ref s03, f0, value);
            V.Accumulate(ref s13, f1, value);
            V.Accumulate(ref s23, f2, value);
            if (V.Registers == 32)
            {
                V.Accumulate(ref s33, f3, value);
                V.Accumulate(ref s43, f4, value);
                V.Accumulate(ref s53, f5, value);
            }
        }

        V128.Store(sums, V.Sums(s00, s01, s02, s03));
        V128.Store(sums + 4, V.Sums(s10, s11, s12, s13));
        V128.Store(sums + 8, V.Sums(s20, s21, s22, s23));
        if (V.Registers == 32)
        {
            V128.Store(sums + 12, V.Sums(s30, s31, s32, s33));
            V128.Store(sums + 16, V.Sums(s40, s41, s42, s43));
            V128.Store(sums + 20, V.Sums(s50, s51, s52, s53));
        }

        return (int)column;
    }

    // The remaining columns, which do not fill two registers.
    private static float Rest(float* x, byte* w, nint from, int k)
    {
        float sum = 0;
        for (nint j = from; j < k; j++) sum += F.Load(w + j * F.Size) * x[j];
        return sum;
    }
}
