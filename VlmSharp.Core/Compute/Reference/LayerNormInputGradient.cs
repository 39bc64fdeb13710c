using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LayerNormInputGradient>
{
    /// <summary>dX = r * (g - mean(g) - n * mean(g * n)), n = (x - mean(x)) * r, g = dY * weight.</summary>
    public void Run(in LayerNormInputGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost();
        ReadOnlySpan<float> weight = op.Weight.OnHost().Vector();
        int features = x.Columns;
        for (int t = 0; t < x.Rows; t++)
        {
            (double mean, double r) = MeanAndScale(x.Row(t), op.Epsilon);
            double meanG = 0, meanGN = 0;
            for (int f = 0; f < features; f++)
            {
                double g = (double)dy.Row(t)[f] * weight[f], n = (x.Row(t)[f] - mean) * r;
                meanG += g / features;
                meanGN += g * n / features;
            }

            for (int f = 0; f < features; f++)
            {
                double g = (double)dy.Row(t)[f] * weight[f], n = (x.Row(t)[f] - mean) * r;
                y.Row(t)[f] = (float)(r * (g - meanG - n * meanGN));
            }
        }
    }

    /// <summary>mean(x) and 1 / sqrt(var(x) + eps).</summary>
    private static (double Mean, double Scale) MeanAndScale(ReadOnlySpan<float> x, float epsilon)
    {
        double mean = 0, variance = 0;
        foreach (float value in x) mean += (double)value / x.Length;
        foreach (float value in x) variance += (value - mean) * (value - mean) / x.Length;
        return (mean, 1 / Math.Sqrt(variance + epsilon));
    }
}
