using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product of a few rows of activations with weights that are indices into a code (<see cref="Compute.DType.Nf4"/>):
/// <code>
/// y[t, n] = sum_k x[t, k] * w[n, k]      t &lt; T, a handful
/// </code>
/// The numbers of the code are not evenly spaced, so there are no integers to multiply. A piece of a row is looked up into the first-level
/// cache and multiplied from there with each row of activations. A lookup costs the same for one row of activations as for
/// twelve, and a multiply-add reads from that cache at no extra cost.
/// </summary>
/// <remarks>
/// Four rows of the matrix are read side by side, a quarter of the rows apart, as <see cref="Gemv{V, F}"/> does. A result does not
/// depend, to the last bit, on what else is in the batch.
/// </remarks>
/// <param name="x">[count, k].</param>
/// <param name="count">T, rows of x.</param>
/// <param name="k">Length of the sums.</param>
internal readonly unsafe struct CodeGemv<V>(float* x, int count, int k) : IGemv<CodeGemv<V>> where V : struct, ISimd<V>
{
    private const int RowsAtOnce = 4, Piece = 256; // columns that are looked up at a time

    public static CodeGemv<V> Prepare(CpuContext context, HostMatrix x) => new(x.Data, x.Rows, x.Columns);

    // The rows in "then" are not prefetched: memory is not the limit, since numbers take longer to look up than to read (Quantization.md).
    [SkipLocalsInit] // written before it is read
    public void Multiply(WeightRows w, int rows, WeightRows then, float* y, nint yStride)
    {
        int length = count * RowsAtOnce * V.Count;
        float* memory = stackalloc float[Nf4Format.Roomy(RowsAtOnce * Piece + length)], rests = stackalloc float[count * RowsAtOnce];
        float* wide = Nf4Format.Align(memory), sums = wide + RowsAtOnce * Piece; // [rows at once, piece], [T, rows at once, V.Count]
        int run = (rows + RowsAtOnce - 1) / RowsAtOnce;
        for (int n = 0; n < run; n++)
        {
            new Span<float>(sums, length).Clear();
            new Span<float>(rests, count * RowsAtOnce).Clear();
            for (int first = 0; first < k; first += Piece)
            {
                int columns = Math.Min(Piece, k - first);
                for (int r = 0; r < RowsAtOnce; r++) // if the last run is shorter, its last row is used again
                    w.Widen<V>(Math.Min(n + r * run, rows - 1), first, columns, wide + r * Piece);
                for (int t = 0; t < count; t++)
                    Add(x + (nint)t * k + first, wide, columns, sums + t * RowsAtOnce * V.Count, rests + t * RowsAtOnce);
            }

            for (int t = 0; t < count; t++)
                for (int r = 0, row = n; r < RowsAtOnce && row < rows; r++, row += run)
                    y[t * yStride + row] = V.Sum(V.Load(sums + (t * RowsAtOnce + r) * V.Count)) + rests[t * RowsAtOnce + r];
        }
    }

    // For each of the four rows r: sums[r] += the products of whole registers, rests[r] += those of the remaining columns.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* x, float* w, int columns, float* sums, float* rests)
    {
        float* w1 = w + Piece, w2 = w + 2 * Piece, w3 = w + 3 * Piece;
        V a0 = V.Load(sums), a1 = V.Load(sums + V.Count), a2 = V.Load(sums + 2 * V.Count), a3 = V.Load(sums + 3 * V.Count);
        int j = 0;
        for (; j + V.Count <= columns; j += V.Count)
        {
            V xj = V.Load(x + j);
            V.Accumulate(ref a0, V.Load(w + j), xj);
            V.Accumulate(ref a1, V.Load(w1 + j), xj);
            V.Accumulate(ref a2, V.Load(w2 + j), xj);
            V.Accumulate(ref a3, V.Load(w3 + j), xj);
        }

        V.Store(sums, a0);
        V.Store(sums + V.Count, a1);
        V.Store(sums + 2 * V.Count, a2);
        V.Store(sums + 3 * V.Count, a3);
        for (; j < columns; j++)
            for (int r = 0; r < RowsAtOnce; r++) rests[r] += x[j] * w[r * Piece + j];
    }
}
