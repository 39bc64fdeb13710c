using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<LayerNormInputGradient>
{
    /// <summary>dX = r * (g - mean(g) - n * mean(g * n)), n = (x - mean(x)) * r, g = dY * weight, per row.</summary>
    public void Run(in LayerNormInputGradient op, HostMatrix y)
    {
        fixed (float* w = op.Weight.OnHost().Vector())
        {
            var rows = new LayerNormGradientRows { Dy = op.Gradient.OnHost(), X = op.X.OnHost(), Y = y, Weight = w, Epsilon = op.Epsilon };
            RowLoop.Run(context.Team, rows, y.Rows, y.Columns);
        }
    }

    private struct LayerNormGradientRows : IRowKernel
    {
        public HostMatrix Dy, X, Y;
        public float* Weight;
        public float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            int count = X.Columns;
            float* x = X.RowPointer(row), dy = Dy.RowPointer(row);
            float mean = RowMath.Sum<V>(x, count) / count;
            float r = 1 / MathF.Sqrt(RowMath.SumOfSquares<V>(x, mean, count) / count + Epsilon);
            V m = V.Broadcast(mean), scale = V.Broadcast(r);
            float meanG = RowMath.SumOf<V, GMap>(default, dy, Weight, x, count) / count;
            float meanGN = RowMath.SumOf<V, GNMap>(new() { Mean = m, R = scale }, dy, Weight, x, count) / count;
            var map = new InputMap { Mean = m, R = scale, MeanG = V.Broadcast(meanG), MeanGN = V.Broadcast(meanGN) };
            RowMath.Map<V, InputMap>(map, dy, Weight, x, Y.RowPointer(row), count);
        }

        private struct GMap : IMap<V>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V dy, V weight, V x) => dy * weight;
        }

        private struct GNMap : IMap<V>
        {
            public V Mean, R;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V dy, V weight, V x) => dy * weight * ((x - Mean) * R);
        }

        private struct InputMap : IMap<V>
        {
            public V Mean, R, MeanG, MeanGN;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public readonly V Apply(V dy, V weight, V x) => R * (dy * weight - MeanG - (x - Mean) * R * MeanGN);
        }
    }
}
