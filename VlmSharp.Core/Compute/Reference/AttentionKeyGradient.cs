using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AttentionKeyGradient>
{
    /// <summary>dK_j = sum_i ds_ij q_i, over all heads that read the key.</summary>
    public void Run(in AttentionKeyGradient op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix q = op.Q.OnHost();
        double[,] sums = Start(default, y);
        EachWeight(op.Gradient, op.Q, op.K, op.V, op.Statistics, op.Step, spec, (i, j, head, _, ds) =>
        {
            int first = KvHead(head, spec) * spec.HeadDim;
            for (int d = 0; d < spec.HeadDim; d++) sums[j, first + d] += ds * Head(q, i, head, spec.HeadDim)[d];
        });
        Round(sums, y);
    }
}
