using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<SumRows>
{
    // Columns that a thread sums at a time: a long run of memory, and the sums stay in the first-level cache.
    private const int SumColumns = 256;

    /// <summary>
    /// y[p] = sum_r x[r N + p] + sum[p]: each thread takes some columns, so each sum runs in the order of the rows. The rounding error of
    /// each addition is added to the next one (Kahan 1965): memory is the limit, so this costs no time, and a sum of thousands of rows may
    /// be close to 0.
    /// </summary>
    public void Run(in SumRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        var pieces = new SumPieces { X = x, Sum = op.Sum.OptionalOnHost(), Y = y };
        RowLoop.Run(context.Team, pieces, y.Rows * pieces.PerRow, Math.Min(SumColumns, y.Columns) * Math.Max(x.Rows / y.Rows, 1));
    }

    private struct SumPieces : IRowKernel
    {
        public HostMatrix X, Sum, Y;

        public readonly int PerRow => (Y.Columns + SumColumns - 1) / SumColumns;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int p = row / PerRow, first = row % PerRow * SumColumns, count = Math.Min(SumColumns, Y.Columns - first);
            float* to = Y.RowPointer(p) + first;
            StartSum(Sum, p, first, to, count);
            float* lost = stackalloc float[SumColumns];
            new Span<float>(lost, count).Clear();
            for (int t = p; t < X.Rows; t += Y.Rows) AddCompensated(to, lost, X.RowPointer(t) + first, count);
        }

        private static void AddCompensated(float* sum, float* lost, float* x, int count)
        {
            int j = 0;
            for (; j + V.Count <= count; j += V.Count)
            {
                V s = V.Load(sum + j), term = V.Load(x + j) - V.Load(lost + j), total = s + term;
                V.Store(lost + j, total - s - term);
                V.Store(sum + j, total);
            }

            for (; j < count; j++)
            {
                float term = x[j] - lost[j], total = sum[j] + term;
                lost[j] = total - sum[j] - term;
                sum[j] = total;
            }
        }
    }

    // The start value of a sum over rows.
    private static void StartSum(HostMatrix sum, int row, int first, float* to, int count)
    {
        if (sum.HasValue) new ReadOnlySpan<float>(sum.RowPointer(row) + first, count).CopyTo(new Span<float>(to, count));
        else new Span<float>(to, count).Clear();
    }
}
