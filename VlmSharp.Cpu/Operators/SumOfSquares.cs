using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<SumOfSquares>
{
    private const int RunLength = 1 << 9; // short enough for fp32: their sums are added in double precision

    /// <summary>y = before + sum x^2: each piece has its own sum, and these are added in order, whichever thread computed them.</summary>
    public void Run(in SumOfSquares op, HostMatrix y)
    {
        long length = op.X.Length;
        int count = checked((int)((length + PieceLength - 1) / PieceLength));
        double* sums = (double*)context.Shared.Reserve(2 * (long)count);
        RowLoop.Run(context.Team, new SquarePieces { X = op.X.OnHost().Data, Sums = sums, Length = length }, count, PieceLength);
        double sum = op.Before.HasValue ? op.Before.OnHost().Data[0] : 0;
        for (int i = 0; i < count; i++) sum += sums[i];
        y.Data[0] = (float)sum;
    }

    private struct SquarePieces : IRowKernel
    {
        public float* X;
        public double* Sums;
        public long Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Row(int row, int worker)
        {
            double sum = 0;
            long end = Math.Min(Length, (row + 1L) * PieceLength);
            for (long at = (long)row * PieceLength; at < end; at += RunLength)
                sum += RowMath.SumOfSquares<V>(X + at, 0, (int)Math.Min(RunLength, end - at));
            Sums[row] = sum;
        }
    }
}
