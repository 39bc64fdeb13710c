using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AddRows>
{
    /// <summary>y = sum, then y[indices[i]] += factor * x[i].</summary>
    public void Run(in AddRows op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        ReadOnlySpan<int> indices = op.Indices.OnHost();
        double[,] sums = Start(op.Sum, y);
        for (int i = 0; i < indices.Length; i++)
            for (int f = 0; f < x.Columns; f++) sums[indices[i], f] += (double)op.Factor * x.Row(i)[f];
        Round(sums, y);
    }
}
