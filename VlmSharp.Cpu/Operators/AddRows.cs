using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<AddRows>
{
    /// <summary>
    /// y[indices[i]] += factor * x[i], starting from the sum. Each thread takes some columns, so a row whose index occurs twice gets its
    /// terms in the order of the indices.
    /// </summary>
    public void Run(in AddRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        RowLoop.Run(context.Team, new StartRows { Sum = op.Sum.OptionalOnHost(), Y = y }, y.Rows, y.Columns);
        fixed (int* indices = op.Indices.OnHost())
        {
            var pieces = new AddRowPieces { X = x, Y = y, Indices = indices, Factor = op.Factor };
            RowLoop.Run(
                context.Team, pieces, (y.Columns + SumColumns - 1) / SumColumns, Math.Min(SumColumns, y.Columns) * Math.Max(x.Rows, 1));
        }
    }

    private struct StartRows : IRowKernel
    {
        public HostMatrix Sum, Y;

        public readonly void Row(int row, int worker) => StartSum(Sum, row, 0, Y.RowPointer(row), Y.Columns);
    }

    private struct AddRowPieces : IRowKernel
    {
        public HostMatrix X, Y;
        public int* Indices;
        public float Factor;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int first = row * SumColumns, count = Math.Min(SumColumns, Y.Columns - first);
            var map = new AddMultipleMap<V>(Factor);
            for (int i = 0; i < X.Rows; i++)
            {
                float* to = Y.RowPointer(Indices[i]) + first;
                RowMath.Map<V, AddMultipleMap<V>>(map, X.RowPointer(i) + first, to, to, to, count);
            }
        }
    }
}
