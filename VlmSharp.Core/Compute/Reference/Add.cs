using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Add>
{
    /// <summary>y = a + b.</summary>
    public void Run(in Add op, HostMatrix y)
    {
        HostMatrix a = op.A.OnHost(), b = op.B.OnHost();
        for (int t = 0; t < a.Rows; t++)
            for (int f = 0; f < a.Columns; f++) y.Row(t)[f] = a.Row(t)[f] + b.Row(t)[f];
    }
}
