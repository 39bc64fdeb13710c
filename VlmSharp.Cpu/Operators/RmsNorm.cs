using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<RmsNorm>
{
    /// <summary>
    /// RMSNorm (Zhang and Sennrich 2019) as Gemma stores it, per row: y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual.
    /// </summary>
    public void Run(in RmsNorm op, HostMatrix y)
    {
        fixed (float* w = op.Weight.OnHost().Vector())
        {
            var rows = new RmsNormRows
            {
                X = op.X.OnHost(),
                Y = y,
                Weight = w,
                Epsilon = op.Epsilon,
                Residual = op.Residual.OptionalOnHost(),
            };
            RowLoop.Run(context.Team, rows, y.Rows, y.Columns);
        }
    }

    private struct RmsNormRows : IRowKernel
    {
        public HostMatrix X, Residual, Y;
        public float* Weight;
        public float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int count = X.Columns;
            float* from = X.RowPointer(row), to = Y.RowPointer(row);
            V factor = V.Broadcast(1 / MathF.Sqrt(RowMath.SumOfSquares<V>(from, 0, count) / count + Epsilon));
            if (Residual.HasValue)
                RowMath.Map<V, GainAndAddMap>(new() { Factor = factor }, from, Weight, Residual.RowPointer(row), to, count);
            else
                RowMath.Map<V, GainMap>(new() { Factor = factor }, from, Weight, Weight, to, count);
        }

        private struct GainMap : IMap<V>
        {
            public V Factor;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V a, V b, V c) => a * Factor * (V.Broadcast(1) + b);
        }

        private struct GainAndAddMap : IMap<V>
        {
            public V Factor;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V a, V b, V c) => V.MultiplyAdd(a * Factor, V.Broadcast(1) + b, c);
        }
    }
}
