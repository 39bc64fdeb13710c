using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>
/// Log-softmax, per row: y = x - max(x) - log(sum(exp(x - max(x)))). The maximum is subtracted before exp can overflow.
/// The result's own memory holds the exponentials for a moment.
/// </summary>
internal unsafe struct LogSoftmax<V> : IRowKernel where V : struct, ISimd<V>
{
    private HostMatrix x, y;

    public static void Run(CpuContext context, HostMatrix x, HostMatrix y) =>
        RowLoop.Run(context.Team, new LogSoftmax<V> { x = x, y = y }, x.Rows, x.Columns);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Row(int row, int worker)
    {
        int count = x.Columns;
        float* from = x.RowPointer(row), to = y.RowPointer(row);
        float largest = RowMath.Max<V>(from, count);
        float shift = MathF.Log(RowMath.MapAndSum<V, ExpMap>(new() { Largest = V.Broadcast(largest) }, from, to, count));
        var map = new SubtractMap { Largest = V.Broadcast(largest), Shift = V.Broadcast(shift) };
        RowMath.Map<V, SubtractMap>(map, from, from, from, to, count);
    }

    private struct ExpMap : IMap<V>
    {
        public V Largest;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c) => Elementary.Exp(a - Largest);
    }

    private struct SubtractMap : IMap<V>
    {
        public V Largest, Shift;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c) => a - Largest - Shift;
    }
}
