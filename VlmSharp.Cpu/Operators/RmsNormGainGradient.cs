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
}
