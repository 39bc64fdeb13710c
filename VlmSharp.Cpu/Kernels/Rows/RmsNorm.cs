using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>RMSNorm (Zhang and Sennrich 2019) as Gemma stores it, per row: y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual.</summary>
internal unsafe struct RmsNorm<V> : IRowKernel where V : struct, ISimd<V>
{
    private HostMatrix x, residual, y;
    private float* weight;
    private float epsilon;

    public static void Run(CpuContext context, HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y)
    {
        fixed (float* w = weight.Vector())
            RowLoop.Run(context.Team, new RmsNorm<V> { x = x, y = y, weight = w, epsilon = epsilon, residual = residual }, x.Rows, x.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Row(int row, int worker)
    {
        int count = x.Columns;
        float* from = x.RowPointer(row), to = y.RowPointer(row);
        V factor = V.Broadcast(1 / MathF.Sqrt(RowMath.SumOfSquares<V>(from, 0, count) / count + epsilon));
        if (residual.HasValue) RowMath.Map<V, GainAndAddMap>(new() { Factor = factor }, from, weight, residual.RowPointer(row), to, count);
        else RowMath.Map<V, GainMap>(new() { Factor = factor }, from, weight, weight, to, count);
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
