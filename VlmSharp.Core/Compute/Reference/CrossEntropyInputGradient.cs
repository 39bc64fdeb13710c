using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<CrossEntropyInputGradient>
{
    /// <summary>dX = sum_v dz_v W[v].</summary>
    public void Run(in CrossEntropyInputGradient op, HostMatrix y)
    {
        HostWeight head = op.Loss.Weight.OnHost();
        double[,] sums = Start(default, y);
        for (int t = 0; t < y.Rows; t++)
        {
            double[] dz = LogitGradients(op.Loss, op.Gradient.OnHost(), op.Y.OnHost(), t); // [V]
            for (int v = 0; v < dz.Length; v++)
            {
                float[] w = head.Row(v); // [h]
                for (int i = 0; i < w.Length; i++) sums[t, i] += dz[v] * w[i];
            }
        }

        Round(sums, y);
    }

    /// <summary>dz_v = dLoss * (exp(z_v - l) - (1 - s) [v = target] - s/V) * (1 - (z_v / cap)^2) of one row.</summary>
    private static double[] LogitGradients(in CrossEntropy loss, HostMatrix dLoss, HostMatrix y, int row)
    {
        double[] z = Logits(loss.X.OnHost().Row(row), loss.Weight.OnHost(), loss.Cap);
        int target = loss.Targets.OnHost()[row];
        double[] dz = new double[z.Length];
        for (int v = 0; v < z.Length; v++)
        {
            double share = loss.Cap > 0 ? z[v] / loss.Cap : 0;
            double wanted = (v == target ? 1 - (double)loss.Smoothing : 0) + (double)loss.Smoothing / z.Length;
            dz[v] = dLoss.Row(row)[0] * (Math.Exp(z[v] - y.Row(row)[1]) - wanted) * (1 - share * share);
        }

        return dz;
    }
}
