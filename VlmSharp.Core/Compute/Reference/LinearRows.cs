using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LinearRows>
{
    /// <summary>y[t, i] = sum_j x[t, j] W[rows[i], j].</summary>
    public void Run(in LinearRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        HostWeight weight = op.Weight.OnHost();
        ReadOnlySpan<int> rows = op.Rows.OnHost();
        for (int i = 0; i < rows.Length; i++)
        {
            float[] row = weight.Row(rows[i]); // [in]
            for (int t = 0; t < x.Rows; t++) y.Row(t)[i] = (float)Dot(x.Row(t), row);
        }
    }
}
