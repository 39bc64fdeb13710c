using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>
/// Rotary position embedding (Su et al. 2021), per head: y[j] = x[j] cos_j - x[j + D/2] sin_j,
/// y[j + D/2] = x[j + D/2] cos_j + x[j] sin_j. Both halves of a pair are a register apart, so no shuffle is needed.
/// </summary>
internal unsafe struct Rope<V> : IRowKernel where V : struct, ISimd<V>
{
    private HostMatrix x, angles, y;

    public static void Run(CpuContext context, HostMatrix x, HostMatrix angles, HostMatrix y) =>
        RowLoop.Run(context.Team, new Rope<V> { x = x, angles = angles, y = y }, x.Rows, x.Columns);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Row(int row, int worker)
    {
        int headDim = angles.Columns, half = headDim / 2;
        float* cos = angles.RowPointer(row);
        float* sin = cos + half;
        for (int head = 0; head < x.Columns; head += headDim)
        {
            float* first = x.RowPointer(row) + head, second = first + half;
            float* to = y.RowPointer(row) + head;
            int j = 0;
            for (; j + V.Count <= half; j += V.Count)
            {
                V a = V.Load(first + j), b = V.Load(second + j), c = V.Load(cos + j), s = V.Load(sin + j);
                V.Store(to + j, a * c - b * s);
                V.Store(to + half + j, V.MultiplyAdd(b, c, a * s));
            }
            for (; j < half; j++)
            {
                to[j] = first[j] * cos[j] - second[j] * sin[j];
                to[half + j] = second[j] * cos[j] + first[j] * sin[j];
            }
        }
    }
}
