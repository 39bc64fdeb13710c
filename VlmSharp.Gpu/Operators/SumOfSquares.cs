using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<SumOfSquares>
{
    private const int PieceFours = 4096, MostPieces = 1024;

    private static readonly Kernel<SumOfSquaresArgs>
        SumOfSquaresPieceKernel = new("SumOfSquares.Piece", SumOfSquaresPiece, RowThreads),
        SumOfSquaresKernel = new("SumOfSquares", SumOfSquaresJoin, RowThreads);

    /// <summary>y = before + sum_tf x[t, f]^2: pieces, one per group, then one group that joins them.</summary>
    public Matrix Run(in SumOfSquares op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        long fours = (x.Length + 3) / 4, pieceFours = Math.Max(PieceFours, (fours + MostPieces - 1) / MostPieces);
        int pieces = (int)((fours + pieceFours - 1) / pieceFours);
        using Matrix sums = context.Allocate(1, pieces);
        Matrix y = Allocate(shape); // [1, 1]
        var args = new SumOfSquaresArgs
        {
            X = x.Floats(),
            Before = op.Before.OptionalFloats(),
            Pieces = sums.Floats(),
            Y = y.Floats(),
            PieceFours = pieceFours,
        };
        Launch(SumOfSquaresPieceKernel, new LaunchGrid(pieces), args);
        Launch(SumOfSquaresKernel, new LaunchGrid(1), args);
        return y;
    }

    /// <summary>A group has a piece; a thread has every 128th four numbers of it.</summary>
    private static void SumOfSquaresPiece(SumOfSquaresArgs g)
    {
        long first = Grid.IdxX * g.PieceFours, end = first + g.PieceFours, whole = IntrinsicMath.Min(end, g.X.Length / 4);
        float sum = 0;
        for (long i = first + Group.IdxX; i < whole; i += RowThreads)
        {
            F4 x = g.X.Cast<F4>()[i];
            sum += x.X * x.X + x.Y * x.Y + (x.Z * x.Z + x.W * x.W);
        }

        long last = g.X.Length / 4 * 4 + Group.IdxX; // up to three numbers after the last whole four
        if (g.X.Length / 4 < end && last < g.X.Length) sum += g.X[last] * g.X[last];
        sum = TCore.Sum(sum);
        if (Group.IdxX == 0) g.Pieces[Grid.IdxX] = sum;
    }

    /// <summary>One group joins all pieces.</summary>
    private static void SumOfSquaresJoin(SumOfSquaresArgs g)
    {
        float sum = 0;
        for (long i = Group.IdxX; i < g.Pieces.Length; i += RowThreads) sum += g.Pieces[i];
        sum = TCore.Sum(sum);
        if (Group.IdxX == 0) g.Y[0] = g.Before.Length > 0 ? g.Before[0] + sum : sum;
    }

    internal struct SumOfSquaresArgs
    {
        public ArrayView<float> X, Before, Pieces, Y; // [T, F], [1] or empty, [pieces], [1]
        public long PieceFours;
    }
}
