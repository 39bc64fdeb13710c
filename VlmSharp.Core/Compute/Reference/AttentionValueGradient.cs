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
        // The weights need no values: the keys stand in for them, and what would come of them is not read.
        EachWeight(op.Gradient, op.Q, op.K, op.K, op.Statistics, op.Step, spec, (i, j, head, p, _) =>
        {
            int first = KvHead(head, spec) * spec.HeadDim;
            for (int d = 0; d < spec.HeadDim; d++) sums[j, first + d] += p * Head(dy, i, head, spec.HeadDim)[d];
        });
        Round(sums, y);
    }
}
