using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// LayerNorm (Ba et al. 2016): y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * weight + bias, each row by itself.
/// </summary>
internal static class LayerNorm
{
    public static void Execute(HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y)
    {
        ReadOnlySpan<float> w = weight.Vector(), b = bias.Vector(); // [F] each
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> row = x.Row(t);
            double mean = 0, variance = 0;
            foreach (float value in row) mean += value / (double)row.Length;
            foreach (float value in row) variance += (value - mean) * (value - mean) / row.Length;
            double scale = 1 / Math.Sqrt(variance + epsilon);
            for (int f = 0; f < row.Length; f++) y.Row(t)[f] = (float)((row[f] - mean) * scale * w[f] + b[f]);
        }
    }
}

/// <summary>
/// RMSNorm (Zhang and Sennrich 2019): y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual, each row by itself.
/// Gemma stores the gain's distance from 1.
/// </summary>
internal static class RmsNorm
{
    public static void Execute(HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y)
    {
        ReadOnlySpan<float> w = weight.Vector(); // [F]
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> row = x.Row(t);
            double meanSquare = 0;
            foreach (float value in row) meanSquare += (double)value * value / row.Length;
            double scale = 1 / Math.Sqrt(meanSquare + epsilon);
            for (int f = 0; f < row.Length; f++)
                y.Row(t)[f] = (float)(row[f] * scale * (1 + w[f]) + (residual.HasValue ? residual.Row(t)[f] : 0));
        }
    }
}
