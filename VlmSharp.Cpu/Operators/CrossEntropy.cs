using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<CrossEntropy>
{
    /// <summary>
    /// loss = l - (1 - s) z_target - s/V sum_v z_v. Only the scores of one chunk of the vocabulary are in memory at a time, and l is
    /// updated with each chunk: with a new largest score m', the factor exp(m - m') rescales sum_v exp(z_v - m).
    /// </summary>
    public void Run(in CrossEntropy op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        HostWeight head = op.Weight.OnHost();
        if (x.Rows == 0) return;
        int chunk = ScoreChunk(x.Rows, head.Rows), sumFloats = x.Rows * sizeof(ScoreSums) / sizeof(float);
        float* memory = context.Scores.Reserve(sumFloats + (long)x.Rows * chunk);
        var sums = (ScoreSums*)memory;
        for (int t = 0; t < x.Rows; t++) sums[t] = new ScoreSums { Largest = double.NegativeInfinity };
        fixed (int* targets = op.Targets.OnHost())
        {
            for (int first = 0; first < head.Rows; first += chunk)
            {
                HostMatrix scores = Scores(x, head, first, memory + sumFloats); // [n, chunk]
                var rows = new ScoreRows { Scores = scores, First = first, Op = op, Targets = targets, Sums = sums };
                RowLoop.Run(context.Team, rows, x.Rows, scores.Columns);
            }
        }

        for (int t = 0; t < x.Rows; t++) sums[t].Finish(op.Smoothing, head.Rows, y.Row(t));
        GC.KeepAlive(head);
    }

    // Scores in memory at a time: enough that packing x again for each chunk costs little.
    private const int MostScores = 1 << 22;

    /// <summary>Size of a chunk of the vocabulary whose scores are in memory at a time: whole blocks of a tile.</summary>
    private static int ScoreChunk(int rows, int vocabulary) =>
        Math.Min(vocabulary, Math.Max(1, MostScores / rows / Tile.Stride) * Tile.Stride);

    /// <summary>x W^T without the soft-cap, for a chunk of the rows of W starting at <paramref name="first"/>.</summary>
    private HostMatrix Scores(HostMatrix x, HostWeight head, int first, float* memory)
    {
        var scores = new HostMatrix(memory, x.Rows, Math.Min(ScoreChunk(x.Rows, head.Rows), head.Rows - first)); // [n, chunk]
        MatrixProduct.Run<V>(context, x, new WeightRows(head).From(first), default, default, scores);
        return scores;
    }

    // m, sum_v exp(z_v - m), sum_v z_v and z_target of the tokens so far.
    private struct ScoreSums
    {
        public double Largest, Exponentials, Scores, Target;

        public readonly void Finish(double s, int vocabulary, Span<float> y)
        {
            double l = Largest + Math.Log(Exponentials);
            y[0] = (float)(l - (1 - s) * Target - s / vocabulary * Scores);
            y[1] = (float)l;
        }
    }

    private struct ScoreRows : IRowKernel
    {
        // Sums within a piece are in fp32, sums over the pieces in double precision.
        private const int PieceLength = 1 << 12;

        public HostMatrix Scores; // [n, chunk]
        public int First;         // the token of the first score
        public CrossEntropy Op;
        public int* Targets;
        public ScoreSums* Sums;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            float* z = Scores.RowPointer(row);
            ScoreSums* sums = Sums + row;
            for (int j = 0; j < Scores.Columns; j += PieceLength)
            {
                int count = Math.Min(PieceLength, Scores.Columns - j);
                if (Op.Cap > 0) SoftCapMap<V>.Run(z + j, Op.Cap, z + j, count);
                float largest = (float)Math.Max(sums->Largest, RowMath.Max<V>(z + j, count));
                double sum = RowMath.SumOf<V, ExpMap<V>>(new() { Largest = V.Broadcast(largest) }, z + j, count);
                sums->Exponentials = sums->Exponentials * Math.Exp(sums->Largest - largest) + sum;
                sums->Largest = largest;
                if (Op.Smoothing > 0) sums->Scores += RowMath.Sum<V>(z + j, count);
            }

            if ((uint)(Targets[row] - First) < (uint)Scores.Columns) sums->Target = z[Targets[row] - First];
        }
    }
}
