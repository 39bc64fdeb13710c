using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>
/// LayerNorm (Ba et al. 2016), per row: y = (x - mean) / sqrt(var + eps) * weight + bias. Two passes for the moments, since
/// mean(x^2) - mean^2 would cancel; the row is in the cache by the second.
/// </summary>
internal unsafe struct LayerNorm<V> : IRowKernel where V : struct, ISimd<V>
{
    private HostMatrix x, y;
    private float* weight, bias;
    private float epsilon;

    public static void Run(CpuContext context, HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y)
    {
        fixed (float* w = weight.Vector(), b = bias.Vector())
            RowLoop.Run(context.Team, new LayerNorm<V> { x = x, y = y, weight = w, bias = b, epsilon = epsilon }, x.Rows, x.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Row(int row, int worker)
    {
        int count = x.Columns;
        float* from = x.RowPointer(row);
        float mean = RowMath.Sum<V>(from, count) / count;
        float variance = RowMath.SumOfSquares<V>(from, mean, count) / count;
        var map = new NormalizeMap { Mean = V.Broadcast(mean), Factor = V.Broadcast(1 / MathF.Sqrt(variance + epsilon)) };
        RowMath.Map<V, NormalizeMap>(map, from, weight, bias, y.RowPointer(row), count);
    }

    private struct NormalizeMap : IMap<V>
    {
        public V Mean, Factor;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c) => V.MultiplyAdd((a - Mean) * Factor, b, c);
    }
}
