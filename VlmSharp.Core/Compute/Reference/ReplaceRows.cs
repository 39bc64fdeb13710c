using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<ReplaceRows>
{
    /// <summary>y = x, but y[targets[i]] = rows[i].</summary>
    public void Run(in ReplaceRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost(), rows = op.Rows.OnHost();
        ReadOnlySpan<int> targets = op.Targets.OnHost();
        for (int t = 0; t < x.Rows; t++) x.Row(t).CopyTo(y.Row(t));
        for (int i = 0; i < targets.Length; i++) rows.Row(i).CopyTo(y.Row(targets[i]));
    }
}
