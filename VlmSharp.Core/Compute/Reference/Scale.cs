using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Scale>
{
    /// <summary>y = factor * x.</summary>
    public void Run(in Scale op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        for (int t = 0; t < x.Rows; t++)
            for (int f = 0; f < x.Columns; f++) y.Row(t)[f] = op.Factor * x.Row(t)[f];
    }
}
