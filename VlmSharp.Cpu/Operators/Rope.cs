using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<Rope>
{
    /// <summary>y[j] = x[j] cos_j - x[j + D/2] sin_j, y[j + D/2] = x[j + D/2] cos_j + x[j] sin_j, per head.</summary>
    public void Run(in Rope op, HostMatrix y) =>
        RowLoop.Run(context.Team, new RopeRows { X = op.X.OnHost(), Angles = op.Angles.OnHost(), Y = y, Direction = 1 }, y.Rows, y.Columns);

    private struct RopeRows : IRowKernel
    {
        public HostMatrix X, Angles, Y;
        public float Direction; // 1, or -1 to turn back

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int headDim = Angles.Columns, half = headDim / 2;
            V direction = V.Broadcast(Direction);
            float* cos = Angles.RowPointer(row);
            float* sin = cos + half;
            for (int head = 0; head < X.Columns; head += headDim)
            {
                float* first = X.RowPointer(row) + head, second = first + half;
                float* to = Y.RowPointer(row) + head;
                int j = 0;
                for (; j + V.Count <= half; j += V.Count)
                {
                    V a = V.Load(first + j), b = V.Load(second + j), c = V.Load(cos + j), s = V.Load(sin + j) * direction;
                    V.Store(to + j, a * c - b * s);
                    V.Store(to + half + j, V.MultiplyAdd(b, c, a * s));
                }

                for (; j < half; j++)
                {
                    to[j] = first[j] * cos[j] - second[j] * (Direction * sin[j]);
                    to[half + j] = second[j] * cos[j] + first[j] * (Direction * sin[j]);
                }
            }
        }
    }
}
