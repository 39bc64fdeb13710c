using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<AttentionStatistics>
{
    /// <summary>l_i = log sum_j exp(s_ij), in tiles, and d_i = dY_i . y_i, of each row and head.</summary>
    public void Run(in AttentionStatistics op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix q = op.Q.OnHost(), k = op.K.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            new AttentionGradient<V>
            {
                Slice = slice,
                Spec = spec,
                Own = HeadRows.OfQueries(q, slice.RowStart, spec),
                Other = HeadRows.OfKeys(k, slice.RowStart, spec),
                Statistics = y,
            }.Run(context);
        }

        var along = new AlongRows { Dy = op.Gradient.OnHost(), Y = op.Y.OnHost(), Statistics = y, Heads = spec.Heads };
        RowLoop.Run(context.Team, along, y.Rows, q.Columns);
    }

    private struct AlongRows : IRowKernel
    {
        public HostMatrix Dy, Y, Statistics;
        public int Heads;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int headDim = Y.Columns / Heads;
            float* dy = Dy.RowPointer(row), y = Y.RowPointer(row);
            for (int head = 0; head < Heads; head++, dy += headDim, y += headDim)
                Statistics.RowPointer(row)[Heads + head] = RowMath.SumOf<V, MultiplyMap<V>>(default, dy, y, y, headDim);
        }
    }
}
