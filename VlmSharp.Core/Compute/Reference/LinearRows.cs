using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>Some outputs of a linear layer: y[t, i] = sum_j x[t, j] W[rows[i], j].</summary>
internal static class LinearRows
{
    public static void Execute(HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            float[] row = Linear.Row(weight, rows[i]); // [in]
            for (int t = 0; t < x.Rows; t++) y.Row(t)[i] = (float)Product.Dot(x.Row(t), row);
        }
    }
}
