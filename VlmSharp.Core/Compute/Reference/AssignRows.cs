using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AssignRows>
{
    /// <summary>W[first + r] = x[r].</summary>
    public void Run(in AssignRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        for (int r = 0; r < x.Rows; r++) op.Weight.OnHost().Assign(op.First + r, x.Row(r));
    }
}
