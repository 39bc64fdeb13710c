using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AttentionValueGradient>
{
    /// <summary>dV_j = sum_i p_ij dY_i, over all heads that read the value.</summary>
    public void Run(in AttentionValueGradient op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix dy = op.Gradient.OnHost();
        double[,] sums = Start(default, y);
        // The weights p do not depend on the values. The keys take their place, because ds is not used here.
        EachWeight(op.Gradient, op.Q, op.K, op.K, op.Statistics, op.Step, spec, (i, j, head, p, _) =>
        {
            int first = KvHead(head, spec) * spec.HeadDim;
            for (int d = 0; d < spec.HeadDim; d++) sums[j, first + d] += p * Head(dy, i, head, spec.HeadDim)[d];
        });
        Round(sums, y);
    }
}
