using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<RmsNormInputGradient>
{
    /// <summary>dX = r * (g - x * r^2 * mean(g * x)), r = 1 / sqrt(mean(x^2) + eps), g = dY * (1 + weight), per row.</summary>
    public void Run(in RmsNormInputGradient op, HostMatrix y)
    {
        fixed (float* w = op.Weight.OnHost().Vector())
        {
            var rows = new RmsNormGradientRows { Dy = op.Gradient.OnHost(), X = op.X.OnHost(), Y = y, Weight = w, Epsilon = op.Epsilon };
            RowLoop.Run(context.Team, rows, y.Rows, y.Columns);
        }
    }

    private struct RmsNormGradientRows : IRowKernel
    {
        public HostMatrix Dy, X, Y;
        public float* Weight;
        public float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int count = X.Columns;
            float* x = X.RowPointer(row), dy = Dy.RowPointer(row);
            float r = 1 / MathF.Sqrt(RowMath.SumOfSquares<V>(x, 0, count) / count + Epsilon);
            float mean = RowMath.SumOf<V, AlongMap>(default, dy, Weight, x, count) / count;
            var map = new InputMap { R = V.Broadcast(r), Along = V.Broadcast(r * r * mean) };
            RowMath.Map<V, InputMap>(map, dy, Weight, x, Y.RowPointer(row), count);
        }

        // g * x
        private struct AlongMap : IMap<V>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V dy, V weight, V x) => dy * (V.Broadcast(1) + weight) * x;
        }

        private struct InputMap : IMap<V>
        {
            public V R, Along; // r, r^2 * mean(g * x)

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V dy, V weight, V x) => R * (dy * (V.Broadcast(1) + weight) - x * Along);
        }
    }
}
