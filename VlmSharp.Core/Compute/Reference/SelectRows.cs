using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<SelectRows>
{
    /// <summary>y[i] = x[rows[i]].</summary>
    public void Run(in SelectRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        ReadOnlySpan<int> rows = op.Rows.OnHost();
        for (int i = 0; i < rows.Length; i++) x.Row(rows[i]).CopyTo(y.Row(i));
    }
}
