using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<SoftCap>
{
    /// <summary>y = cap * tanh(x / cap).</summary>
    public void Run(in SoftCap op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        for (int t = 0; t < x.Rows; t++)
            for (int f = 0; f < x.Columns; f++)
                y.Row(t)[f] = (float)(op.Cap * Math.Tanh((double)x.Row(t)[f] / op.Cap));
    }
}
