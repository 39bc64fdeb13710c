using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LinearWeightGradient>
{
    /// <summary>dW[o, i] = sum_t dY[t, o] X[t, i] + sum[o, i].</summary>
    public void Run(in LinearWeightGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost();
        double[,] sums = Start(op.Sum, y);
        for (int t = 0; t < x.Rows; t++)
            for (int o = 0; o < y.Rows; o++)
                for (int i = 0; i < y.Columns; i++) sums[o, i] += (double)dy.Row(t)[o] * x.Row(t)[i];
        Round(sums, y);
    }

    /// <summary>The start of a sum: the sum so far, or 0.</summary>
    private static double[,] Start(Matrix sum, HostMatrix y)
    {
        double[,] sums = new double[y.Rows, y.Columns];
        if (!sum.HasValue) return sums;
        HostMatrix before = sum.OnHost();
        for (int row = 0; row < y.Rows; row++)
            for (int column = 0; column < y.Columns; column++) sums[row, column] = before.Row(row)[column];
        return sums;
    }
}
