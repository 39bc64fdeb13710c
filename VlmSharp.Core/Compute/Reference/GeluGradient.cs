using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<GeluGradient>
{
    /// <summary>dX = dY * factor * gelu'(x).</summary>
    public void Run(in GeluGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), x = op.X.OnHost(), factor = op.Factor.OptionalOnHost();
        for (int t = 0; t < x.Rows; t++)
            for (int f = 0; f < x.Columns; f++)
                y.Row(t)[f] = (float)(dy.Row(t)[f] * (factor.HasValue ? factor.Row(t)[f] : 1.0) * GeluTanhDerivative(x.Row(t)[f]));
    }

    private static double GeluTanhDerivative(double x)
    {
        double c = Math.Sqrt(2 / Math.PI), t = Math.Tanh(c * (x + 0.044715 * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
    }
}
