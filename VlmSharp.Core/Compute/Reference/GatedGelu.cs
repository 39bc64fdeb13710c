using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<GatedGelu>
{
    /// <summary>y = gelu_tanh(gate) * up.</summary>
    public void Run(in GatedGelu op, HostMatrix y)
    {
        HostMatrix gate = op.Gate.OnHost(), up = op.Up.OnHost();
        for (int t = 0; t < up.Rows; t++)
            for (int f = 0; f < up.Columns; f++) y.Row(t)[f] = (float)(GeluTanh(gate.Row(t)[f]) * up.Row(t)[f]);
    }
}
