using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>Soft-cap (Gemma 2, section 2): y = cap * tanh(x / cap), over pieces of the whole matrix, as one row may be the whole vocabulary.</summary>
internal unsafe struct SoftCap<V> : IRowKernel where V : struct, ISimd<V>
{
    private const int PieceLength = 1 << 13;

    private float* x, y;
    private long length;
    private float cap;

    public static void Run(CpuContext context, HostMatrix x, float cap, HostMatrix y)
    {
        long length = (long)x.Rows * x.Columns;
        var kernel = new SoftCap<V> { x = x.Data, y = y.Data, length = length, cap = cap };
        RowLoop.Run(context.Team, kernel, checked((int)((length + PieceLength - 1) / PieceLength)), PieceLength);
    }

    /// <summary>y[j] = cap * tanh(x[j] / cap). y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, float cap, float* y, int count) =>
        RowMath.Map<V, CapMap>(new() { Cap = V.Broadcast(cap), Inverse = V.Broadcast(1 / cap) }, x, x, x, y, count);

    public readonly void Row(int row, int worker)
    {
        long first = (long)row * PieceLength;
        Apply(x + first, cap, y + first, (int)Math.Min(PieceLength, length - first));
    }

    private struct CapMap : IMap<V>
    {
        public V Cap, Inverse;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c) => Cap * Elementary.Tanh(a * Inverse);
    }
}
