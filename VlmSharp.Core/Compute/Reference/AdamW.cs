using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AdamW>
{
    /// <summary>W = (1 - decay) W - rate m' / (sqrt(v') + epsilon), after m and v have moved towards g and g^2.</summary>
    public void Run(in AdamW op, HostMatrix y)
    {
        HostMatrix gradient = op.Gradient.OnHost(), master = op.Master.OptionalOnHost();
        HostMatrix first = op.First.OnHost(), second = op.Second.OnHost();
        HostWeight weight = op.Weight.OnHost();
        AdamStep s = op.Step;
        double firstBias = 1 - Math.Pow(s.Beta1, s.Time), secondBias = 1 - Math.Pow(s.Beta2, s.Time);
        for (int row = 0; row < weight.Rows; row++)
        {
            Span<float> w = master.HasValue ? master.Row(row) : weight.Row(row);
            for (int i = 0; i < w.Length; i++)
            {
                double g = s.GradientFactor * gradient.Row(row)[i];
                double m = s.Beta1 * first.Row(row)[i] + (1 - s.Beta1) * g;
                double v = s.Beta2 * second.Row(row)[i] + (1 - s.Beta2) * g * g;
                w[i] = (float)((1 - s.Decay) * w[i] - s.Rate * (m / firstBias) / (Math.Sqrt(v / secondBias) + s.Epsilon));
                (first.Row(row)[i], second.Row(row)[i]) = ((float)m, (float)v);
            }

            weight.Assign(row, w);
        }
    }
}
