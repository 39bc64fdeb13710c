using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<SumRows>
{
    /// <summary>y[p] = sum_r x[r N + p] + sum[p].</summary>
    public void Run(in SumRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        double[,] sums = Start(op.Sum, y);
        for (int row = 0; row < x.Rows; row++)
            for (int f = 0; f < x.Columns; f++) sums[row % op.Period, f] += x.Row(row)[f];
        Round(sums, y);
    }
}
