using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<RmsNormInputGradient>
{
    /// <summary>dX = r * (g - x * r^2 * mean(g * x)), r = 1 / sqrt(mean(x^2) + eps), g = dY * (1 + weight).</summary>
    public void Run(in RmsNormInputGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost();
        ReadOnlySpan<float> weight = op.Weight.OnHost().Vector();
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> row = x.Row(t), gradient = dy.Row(t);
            double r = InverseRms(row, op.Epsilon), along = 0;
            for (int f = 0; f < row.Length; f++) along += gradient[f] * (1.0 + weight[f]) * row[f] / row.Length;
            for (int f = 0; f < row.Length; f++) y.Row(t)[f] = (float)(r * (gradient[f] * (1.0 + weight[f]) - row[f] * r * r * along));
        }
    }

    /// <summary>1 / sqrt(mean(x^2) + eps).</summary>
    private static double InverseRms(ReadOnlySpan<float> x, float epsilon) => 1 / Math.Sqrt(Dot(x, x) / x.Length + epsilon);
}
