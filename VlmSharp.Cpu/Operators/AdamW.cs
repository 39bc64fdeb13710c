using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<AdamW>
{
    /// <summary>W, m and v in one pass, each read and written once: at least 28 bytes of memory traffic per number.</summary>
    public void Run(in AdamW op, HostMatrix y)
    {
        long length = op.Gradient.Length;
        var pieces = new AdamPieces
        {
            W = new ParameterPieces(op.Weight.OnHost(), op.Master.OptionalOnHost()),
            G = op.Gradient.OnHost().Data,
            M = op.First.OnHost().Data,
            S = op.Second.OnHost().Data,
            Length = length,
            Map = new AdamMap(op.Step),
        };
        RowLoop.Run(context.Team, pieces, checked((int)((length + PieceLength - 1) / PieceLength)), PieceLength);
    }

    private struct AdamPieces : IRowKernel
    {
        public ParameterPieces W;
        public float* G, M, S;
        public long Length;
        public AdamMap Map;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            long first = (long)row * PieceLength;
            int count = (int)Math.Min(PieceLength, Length - first), i = 0;
            float* w = W.At(first), g = G + first, m = M + first, s = S + first;
            for (; i + V.Count <= count; i += V.Count)
            {
                V x = V.Load(w + i), a = V.Load(m + i), b = V.Load(s + i);
                Map.Apply(ref x, V.Load(g + i), ref a, ref b);
                V.Store(w + i, x);
                V.Store(m + i, a);
                V.Store(s + i, b);
            }

            if (i < count)
            {
                int rest = count - i;
                V x = RowMath.LoadPart<V>(w + i, rest), a = RowMath.LoadPart<V>(m + i, rest), b = RowMath.LoadPart<V>(s + i, rest);
                Map.Apply(ref x, RowMath.LoadPart<V>(g + i, rest), ref a, ref b);
                RowMath.StorePart(w + i, x, rest);
                RowMath.StorePart(m + i, a, rest);
                RowMath.StorePart(s + i, b, rest);
            }

            W.Finish(first, count);
        }
    }

    /// <summary>One register's step.</summary>
    private readonly struct AdamMap(in AdamStep step)
    {
        private readonly V factor = V.Broadcast((float)step.GradientFactor);
        private readonly V beta1 = V.Broadcast((float)step.Beta1), beta2 = V.Broadcast((float)step.Beta2);
        private readonly V newFirst = V.Broadcast(step.NewFirst), newSecond = V.Broadcast(step.NewSecond);
        private readonly V shrink = V.Broadcast(step.Shrink), stepSize = V.Broadcast(step.StepSize);
        private readonly V rootFactor = V.Broadcast(step.RootFactor);
        private readonly V epsilon = V.Broadcast((float)step.Epsilon);

        /// <summary>
        /// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
        /// w = (1 - decay) w - step size m / (sqrt(v) root factor + epsilon).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply(ref V w, V gradient, ref V m, ref V v)
        {
            V g = factor * gradient;
            m = V.MultiplyAdd(newFirst, g, beta1 * m);
            v = V.MultiplyAdd(newSecond, g * g, beta2 * v);
            w = shrink * w - stepSize * m / V.MultiplyAdd(V.Sqrt(v), rootFactor, epsilon);
        }
    }
}
