using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<SoftCapGradient>
{
    /// <summary>dX = dY * (1 - (y / cap)^2).</summary>
    public void Run(in SoftCapGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), capped = op.Y.OnHost();
        for (int t = 0; t < dy.Rows; t++)
            for (int f = 0; f < dy.Columns; f++)
            {
                double share = capped.Row(t)[f] / (double)op.Cap;
                y.Row(t)[f] = (float)(dy.Row(t)[f] * (1 - share * share));
            }
    }
}
