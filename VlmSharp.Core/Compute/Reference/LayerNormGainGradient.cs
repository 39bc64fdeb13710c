using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LayerNormGainGradient>
{
    /// <summary>dWeight[f] = sum_t dY[t, f] n[t, f] + sum[f], n = (x - mean(x)) / sqrt(var(x) + eps).</summary>
    public void Run(in LayerNormGainGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost();
        double[,] sums = Start(op.Sum, y);
        for (int t = 0; t < x.Rows; t++)
        {
            (double mean, double r) = MeanAndScale(x.Row(t), op.Epsilon);
            for (int f = 0; f < x.Columns; f++) sums[0, f] += dy.Row(t)[f] * ((x.Row(t)[f] - mean) * r);
        }

        Round(sums, y);
    }
}
