using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LayerNormGainGradient>
{
    /// <summary>dWeight[f] = sum_t dY[t, f] n[t, f] + sum[f], n = (x - mean(x)) / sqrt(var(x) + eps).</summary>
    public void Run(in LayerNormGainGradient op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        float* means = context.Shared.Reserve(2L * x.Rows), scales = means + x.Rows; // [T] each
        RowLoop.Run(context.Team, new MomentRows { X = x, Means = means, Scales = scales, Epsilon = op.Epsilon }, x.Rows, x.Columns);
        SumGains(op.Gradient.OnHost(), x, means, scales, op.Sum.OptionalOnHost(), y);
    }

    private struct MomentRows : IRowKernel
    {
        public HostMatrix X;
        public float* Means, Scales;
        public float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            float* x = X.RowPointer(row);
            float mean = Means[row] = RowMath.Sum<V>(x, X.Columns) / X.Columns;
            Scales[row] = 1 / MathF.Sqrt(RowMath.SumOfSquares<V>(x, mean, X.Columns) / X.Columns + Epsilon);
        }
    }
}
