using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<RmsNorm>
{
    /// <summary>y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual.</summary>
    public void Run(in RmsNorm op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost(), residual = op.Residual.OptionalOnHost();
        ReadOnlySpan<float> w = op.Weight.OnHost().Vector(); // [F]
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> row = x.Row(t);
            double meanSquare = 0;
            foreach (float value in row) meanSquare += (double)value * value / row.Length;
            double scale = 1 / Math.Sqrt(meanSquare + op.Epsilon);
            for (int f = 0; f < row.Length; f++)
                y.Row(t)[f] = (float)(row[f] * scale * (1 + w[f]) + (residual.HasValue ? residual.Row(t)[f] : 0));
        }
    }
}
