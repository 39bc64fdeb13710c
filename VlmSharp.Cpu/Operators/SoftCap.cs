using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<SoftCap>
{
    // Rows may be a vocabulary long: the threads share out pieces of all of them.
    private const int PieceLength = 1 << 13;

    /// <summary>y = cap * tanh(x / cap).</summary>
    public void Run(in SoftCap op, HostMatrix y)
    {
        long length = (long)y.Rows * y.Columns;
        var pieces = new SoftCapPieces { X = op.X.OnHost().Data, Y = y.Data, Length = length, Cap = op.Cap };
        RowLoop.Run(context.Team, pieces, checked((int)((length + PieceLength - 1) / PieceLength)), PieceLength);
    }

    private struct SoftCapPieces : IRowKernel
    {
        public float* X, Y;
        public long Length;
        public float Cap;

        public readonly void Row(int row, int worker)
        {
            long first = (long)row * PieceLength;
            SoftCapMap<V>.Run(X + first, Cap, Y + first, (int)Math.Min(PieceLength, Length - first));
        }
    }
}
