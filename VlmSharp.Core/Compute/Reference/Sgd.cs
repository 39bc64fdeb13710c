using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Sgd>
{
    /// <summary>g = factor G + decay W;  u = momentum u + g;  W = W - rate u.</summary>
    public void Run(in Sgd op, HostMatrix y)
    {
        HostMatrix gradient = op.Gradient.OnHost(), velocity = op.Velocity.OptionalOnHost(), master = op.Master.OptionalOnHost();
        HostWeight weight = op.Weight.OnHost();
        for (int row = 0; row < weight.Rows; row++)
        {
            Span<float> w = master.HasValue ? master.Row(row) : weight.Row(row);
            for (int i = 0; i < w.Length; i++)
            {
                double u = (double)op.GradientFactor * gradient.Row(row)[i] + (double)op.Decay * w[i];
                if (velocity.HasValue)
                {
                    u += (double)op.Momentum * velocity.Row(row)[i];
                    velocity.Row(row)[i] = (float)u;
                }

                w[i] = (float)(w[i] - op.Rate * u);
            }

            weight.Assign(row, w);
        }
    }
}
