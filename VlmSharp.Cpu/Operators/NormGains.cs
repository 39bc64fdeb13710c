using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V>
{
    /// <summary>y[f] = sum_t dY[t, f] (x[t, f] - mean_t) r_t + sum[f], of both norms: RMSNorm's mean is 0. The threads share out the columns.</summary>
    private void SumGains(HostMatrix dy, HostMatrix x, float* means, float* scales, HostMatrix sum, HostMatrix y)
    {
        var pieces = new GainPieces { Dy = dy, X = x, Means = means, Scales = scales, Sum = sum, Y = y };
        RowLoop.Run(context.Team, pieces, (y.Columns + SumColumns - 1) / SumColumns, Math.Min(SumColumns, y.Columns) * Math.Max(x.Rows, 1));
    }

    private struct GainPieces : IRowKernel
    {
        public HostMatrix Dy, X, Sum, Y;
        public float* Means, Scales;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int first = row * SumColumns, count = Math.Min(SumColumns, Y.Columns - first);
            float* to = Y.Data + first;
            StartSum(Sum, 0, first, to, count);
            for (int t = 0; t < X.Rows; t++)
            {
                var map = new GainMap { Mean = V.Broadcast(Means[t]), R = V.Broadcast(Scales[t]) };
                RowMath.Map<V, GainMap>(map, Dy.RowPointer(t) + first, X.RowPointer(t) + first, to, to, count);
            }
        }

        private struct GainMap : IMap<V>
        {
            public V Mean, R;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V dy, V x, V sum) => V.MultiplyAdd(dy, (x - Mean) * R, sum);
        }
    }
}
