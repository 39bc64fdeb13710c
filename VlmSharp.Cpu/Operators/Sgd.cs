using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<Sgd>
{
    /// <summary>
    /// g = factor G + decay W;  u = momentum u + g;  W = W - rate u: several passes over a piece, which stays in the cache.
    /// </summary>
    public void Run(in Sgd op, HostMatrix y)
    {
        long length = op.Gradient.Length;
        HostMatrix velocity = op.Velocity.OptionalOnHost();
        var pieces = new SgdPieces
        {
            W = new ParameterPieces(op.Weight.OnHost(), op.Master.OptionalOnHost()),
            G = op.Gradient.OnHost().Data,
            U = velocity.Data,
            Length = length,
            Velocity = new() { First = V.Broadcast(op.GradientFactor), Second = V.Broadcast(op.Decay), Third = V.Broadcast(op.Momentum) },
            Plain = new()
            {
                First = V.Broadcast(1),
                Second = V.Broadcast(-op.Rate * op.Decay),
                Third = V.Broadcast(-op.Rate * op.GradientFactor),
            },
            Rate = new() { First = V.Broadcast(1), Second = V.Broadcast(0), Third = V.Broadcast(-op.Rate) },
        };
        RowLoop.Run(context.Team, pieces, checked((int)((length + PieceLength - 1) / PieceLength)), PieceLength);
    }

    private struct SgdPieces : IRowKernel
    {
        public ParameterPieces W;
        public float* G, U; // U is null without momentum
        public long Length;
        public SumMap Velocity, Plain, Rate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            long first = (long)row * PieceLength;
            int count = (int)Math.Min(PieceLength, Length - first);
            float* w = W.At(first), g = G + first;
            if (U is null)
            {
                RowMath.Map<V, SumMap>(Plain, w, w, g, w, count);
            }
            else
            {
                RowMath.Map<V, SumMap>(Velocity, g, w, U + first, U + first, count);
                RowMath.Map<V, SumMap>(Rate, w, w, U + first, w, count);
            }

            W.Finish(first, count);
        }
    }

    /// <summary>first a + second b + third c.</summary>
    private struct SumMap : IMap<V>
    {
        public V First, Second, Third;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c) => V.MultiplyAdd(Third, c, V.MultiplyAdd(Second, b, First * a));
    }
}
