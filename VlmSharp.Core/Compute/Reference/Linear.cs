using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Linear>
{
    /// <summary>y[t, o] = act(sum_i x[t, i] W[o, i] + bias[o]) + residual[t, o].</summary>
    public void Run(in Linear op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost(), residual = op.Residual.OptionalOnHost();
        HostWeight weight = op.Weight.OnHost();
        HostWeight? bias = op.Bias?.OnHost();
        for (int o = 0; o < weight.Rows; o++)
        {
            float[] row = weight.Row(o); // [in]
            for (int t = 0; t < x.Rows; t++)
            {
                double sum = Dot(x.Row(t), row);
                if (bias is not null) sum += bias.Vector()[o];
                if (op.Activation == Activation.GeluTanh) sum = GeluTanh(sum);
                if (residual.HasValue) sum += residual.Row(t)[o];
                y.Row(t)[o] = (float)sum;
            }
        }
    }
}
