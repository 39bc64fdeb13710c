using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<CrossEntropyInputGradient>
{
    /// <summary>dX = sum_v dz_v W[v], a chunk of the vocabulary at a time.</summary>
    public void Run(in CrossEntropyInputGradient op, HostMatrix y)
    {
        HostWeight head = op.Loss.Weight.OnHost();
        if (y.Rows == 0) return;
        for (int first = 0, count; first < head.Rows; first += count)
        {
            HostMatrix dz = ScoreGradients(op.Loss, op.Gradient.OnHost(), op.Y.OnHost(), first); // [n, chunk]
            count = dz.Columns;
            GradientProduct<V>.Run(context, dz, false, new WeightRows(head).From(first), y, first == 0 ? default : y);
        }

        GC.KeepAlive(head);
    }

    /// <summary>dz of the chunk of the vocabulary that starts at <paramref name="first"/>; its scores are recomputed.</summary>
    private HostMatrix ScoreGradients(in CrossEntropy loss, HostMatrix dLoss, HostMatrix y, int first)
    {
        HostMatrix x = loss.X.OnHost();
        HostWeight head = loss.Weight.OnHost();
        HostMatrix scores = Scores(x, head, first, context.Scores.Reserve((long)x.Rows * ScoreChunk(x.Rows, head.Rows))); // [n, chunk]
        fixed (int* targets = loss.Targets.OnHost())
        {
            var rows = new ScoreGradientRows { Scores = scores, First = first, Loss = loss, DLoss = dLoss, Y = y, Targets = targets };
            RowLoop.Run(context.Team, rows, scores.Rows, scores.Columns);
        }

        return scores;
    }

    // Replaces z by dz_v = dLoss * (exp(z_v - l) - (1 - s) [v = target] - s/V) * (1 - (z_v / cap)^2).
    private struct ScoreGradientRows : IRowKernel
    {
        public HostMatrix Scores, DLoss, Y; // [n, chunk], [n, 2], [n, 2]
        public int First;
        public CrossEntropy Loss;
        public int* Targets;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            float* z = Scores.RowPointer(row);
            float dLoss = DLoss.Row(row)[0], cap = Loss.Cap;
            if (cap > 0) SoftCapMap<V>.Run(z, cap, z, Scores.Columns);
            int target = Targets[row] - First;
            bool isHere = (uint)target < (uint)Scores.Columns;
            float share = isHere && cap > 0 ? z[target] / cap : 0;
            var map = new ScoreGradientMap
            {
                LogSum = V.Broadcast(Y.Row(row)[1]),
                Smoothed = V.Broadcast(Loss.Smoothing / Loss.Weight.Rows),
                DLoss = V.Broadcast(dLoss),
                InverseCap = V.Broadcast(cap > 0 ? 1 / cap : 0),
            };
            RowMath.Map<V, ScoreGradientMap>(map, z, z, z, z, Scores.Columns);
            if (isHere) z[target] -= dLoss * (1 - Loss.Smoothing) * (1 - share * share);
        }
    }

    private struct ScoreGradientMap : IMap<V>
    {
        public V LogSum, Smoothed, DLoss, InverseCap;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V a, V b, V c)
        {
            V share = a * InverseCap;
            return DLoss * (Elementary.Exp(a - LogSum) - Smoothed) * (V.Broadcast(1) - share * share);
        }
    }
}
