using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<SumOfSquares>
{
    /// <summary>y = before + sum_tf x[t, f]^2.</summary>
    public void Run(in SumOfSquares op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        double sum = op.Before.HasValue ? op.Before.OnHost().Row(0)[0] : 0;
        for (int t = 0; t < x.Rows; t++) sum += Dot(x.Row(t), x.Row(t));
        y.Row(0)[0] = (float)sum;
    }
}
