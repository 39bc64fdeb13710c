using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<RmsNormGainGradient>
{
    /// <summary>dWeight[f] = sum_t dY[t, f] x[t, f] r_t + sum[f].</summary>
    public void Run(in RmsNormGainGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost();
        double[,] sums = Start(op.Sum, y);
        for (int t = 0; t < x.Rows; t++)
        {
            double r = InverseRms(x.Row(t), op.Epsilon);
            for (int f = 0; f < x.Columns; f++) sums[0, f] += dy.Row(t)[f] * (x.Row(t)[f] * r);
        }

        Round(sums, y);
    }
}
