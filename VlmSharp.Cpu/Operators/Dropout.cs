using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<Dropout>
{
    /// <summary>
    /// y_i = x_i / (1 - rate) if word_i of the key is at least rate * 2^32, else 0. Each counter gives four words.
    /// </summary>
    public void Run(in Dropout op, HostMatrix y)
    {
        long length = (long)y.Rows * y.Columns;
        var pieces = new DropoutPieces
        {
            X = op.X.OnHost().Data,
            Y = y.Data,
            Length = length,
            Threshold = op.Threshold,
            Kept = 1 / (1 - op.Rate),
            Key = op.Key,
        };
        RowLoop.Run(context.Team, pieces, checked((int)((length + PieceLength - 1) / PieceLength)), PieceLength);
    }

    private struct DropoutPieces : IRowKernel
    {
        public float* X, Y;
        public long Length, Key;
        public uint Threshold;
        public float Kept;

        public readonly void Row(int row, int worker)
        {
            long first = (long)row * PieceLength, end = Math.Min(first + PieceLength, Length);
            uint* words = stackalloc uint[4];
            for (long i = first; i < end; i += 4)
            {
                (words[0], words[1], words[2], words[3]) = CounterRandom.Words(Key, i >> 2);
                for (int j = 0; j < Math.Min(4, end - i); j++) Y[i + j] = words[j] >= Threshold ? Kept * X[i + j] : 0;
            }
        }
    }
}
