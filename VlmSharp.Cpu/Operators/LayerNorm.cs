using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LayerNorm>
{
    /// <summary>
    /// LayerNorm (Ba et al. 2016), per row: y = (x - mean) / sqrt(var + eps) * weight + bias. Two passes for the moments, since
    /// mean(x^2) - mean^2 would cancel; the second pass finds the row in the cache.
    /// </summary>
    public void Run(in LayerNorm op, HostMatrix y)
    {
        fixed (float* w = op.Weight.OnHost().Vector(), b = op.Bias.OnHost().Vector())
        {
            var rows = new LayerNormRows { X = op.X.OnHost(), Y = y, Weight = w, Bias = b, Epsilon = op.Epsilon };
            RowLoop.Run(context.Team, rows, y.Rows, y.Columns);
        }
    }

    private struct LayerNormRows : IRowKernel
    {
        public HostMatrix X, Y;
        public float* Weight, Bias;
        public float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int count = X.Columns;
            float* from = X.RowPointer(row);
            float mean = RowMath.Sum<V>(from, count) / count;
            float variance = RowMath.SumOfSquares<V>(from, mean, count) / count;
            var map = new NormalizeMap { Mean = V.Broadcast(mean), Factor = V.Broadcast(1 / MathF.Sqrt(variance + Epsilon)) };
            RowMath.Map<V, NormalizeMap>(map, from, Weight, Bias, Y.RowPointer(row), count);
        }

        private struct NormalizeMap : IMap<V>
        {
            public V Mean, Factor;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V a, V b, V c) => V.MultiplyAdd((a - Mean) * Factor, b, c);
        }
    }
}
