using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<RmsNormGainGradient>
{
    /// <summary>dWeight[f] = sum_t dY[t, f] x[t, f] r_t + sum[f], r = 1 / sqrt(mean(x^2) + eps).</summary>
    public void Run(in RmsNormGainGradient op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        float* means = context.Shared.Reserve(2L * x.Rows), scales = means + x.Rows; // [T] each
        new Span<float>(means, x.Rows).Clear();
        RowLoop.Run(context.Team, new InverseRmsRows { X = x, Scales = scales, Epsilon = op.Epsilon }, x.Rows, x.Columns);
        SumGains(op.Gradient.OnHost(), x, means, scales, op.Sum.OptionalOnHost(), y);
    }

    private struct InverseRmsRows : IRowKernel
    {
        public HostMatrix X;
        public float* Scales;
        public float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker) =>
            Scales[row] = 1 / MathF.Sqrt(RowMath.SumOfSquares<V>(X.RowPointer(row), 0, X.Columns) / X.Columns + Epsilon);
    }

    /// <summary>y[f] = sum_t dY[t, f] (x[t, f] - mean_t) r_t + sum[f]: each thread takes some columns.</summary>
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
