using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LayerNorm>
{
    /// <summary>y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * weight + bias.</summary>
    public void Run(in LayerNorm op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        ReadOnlySpan<float> w = op.Weight.OnHost().Vector(), b = op.Bias.OnHost().Vector(); // [F] each
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> row = x.Row(t);
            double mean = 0, variance = 0;
            foreach (float value in row) mean += value / (double)row.Length;
            foreach (float value in row) variance += (value - mean) * (value - mean) / row.Length;
            double scale = 1 / Math.Sqrt(variance + op.Epsilon);
            for (int f = 0; f < row.Length; f++) y.Row(t)[f] = (float)((row[f] - mean) * scale * w[f] + b[f]);
        }
    }
}
