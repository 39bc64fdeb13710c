using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LogSoftmax>
{
    /// <summary>
    /// y = x - max(x) - log(sum(exp(x - max(x)))). The row is read three times, which costs little while it is in the cache.
    /// </summary>
    public void Run(in LogSoftmax op, HostMatrix y) =>
        RowLoop.Run(context.Team, new LogSoftmaxRows { X = op.X.OnHost(), Y = y }, y.Rows, y.Columns);

    private struct LogSoftmaxRows : IRowKernel
    {
        public HostMatrix X, Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker) => LogSoftmaxRow(X.RowPointer(row), Y.RowPointer(row), X.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LogSoftmaxRow(float* x, float* y, int count)
    {
        float largest = RowMath.Max<V>(x, count);
        float shift = MathF.Log(RowMath.SumOf<V, ExpMap<V>>(new() { Largest = V.Broadcast(largest) }, x, count));
        var map = new SubtractMap { Largest = V.Broadcast(largest), Shift = V.Broadcast(shift) };
        RowMath.Map<V, SubtractMap>(map, x, x, x, y, count);
    }

    private struct SubtractMap : IMap<V>
    {
        public V Largest, Shift;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c) => a - Largest - Shift;
    }
}
