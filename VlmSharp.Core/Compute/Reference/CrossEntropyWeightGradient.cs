using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<CrossEntropyWeightGradient>
{
    /// <summary>dW[v] = sum_t dz_tv x_t + sum[v].</summary>
    public void Run(in CrossEntropyWeightGradient op, HostMatrix y)
    {
        HostMatrix x = op.Loss.X.OnHost();
        double[,] sums = Start(op.Sum, y);
        for (int t = 0; t < x.Rows; t++)
        {
            double[] dz = LogitGradients(op.Loss, op.Gradient.OnHost(), op.Y.OnHost(), t); // [V]
            for (int v = 0; v < dz.Length; v++)
                for (int i = 0; i < y.Columns; i++) sums[v, i] += dz[v] * x.Row(t)[i];
        }

        Round(sums, y);
    }
}
