using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<GatedLinear>
{
    /// <summary>y[t, o] = gelu_tanh(sum_i x[t, i] Wg[o, i]) * (sum_i x[t, i] Wu[o, i]).</summary>
    public void Run(in GatedLinear op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        HostWeight gate = op.Gate.OnHost(), up = op.Up.OnHost();
        for (int o = 0; o < gate.Rows; o++)
        {
            float[] gateRow = gate.Row(o), upRow = up.Row(o); // [in] each
            for (int t = 0; t < x.Rows; t++)
                y.Row(t)[o] = (float)(GeluTanh(Dot(x.Row(t), gateRow)) * Dot(x.Row(t), upRow));
        }
    }
}
