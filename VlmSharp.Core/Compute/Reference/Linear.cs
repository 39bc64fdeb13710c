using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// The linear layer and its gated form.
/// <code>
/// linear:  y[t, o] = act(sum_i x[t, i] W[o, i] + bias[o]) + residual[t, o]
/// GeGLU:   y[t, o] = gelu_tanh(sum_i x[t, i] Wg[o, i]) * (sum_i x[t, i] Wu[o, i])
/// </code>
/// </summary>
internal static class Linear
{
    public static void Execute(HostMatrix x, HostWeight weight, HostWeight? bias, Activation activation, HostMatrix residual, HostMatrix y)
    {
        for (int o = 0; o < weight.Rows; o++)
        {
            float[] row = Row(weight, o); // [in]
            for (int t = 0; t < x.Rows; t++)
            {
                double sum = Product.Dot(x.Row(t), row);
                if (bias is not null) sum += bias.Vector()[o];
                if (activation == Activation.GeluTanh) sum = Gelu.Tanh(sum);
                if (residual.HasValue) sum += residual.Row(t)[o];
                y.Row(t)[o] = (float)sum;
            }
        }
    }

    public static void ExecuteGated(HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y)
    {
        for (int o = 0; o < gate.Rows; o++)
        {
            float[] gateRow = Row(gate, o), upRow = Row(up, o); // [in] each
            for (int t = 0; t < x.Rows; t++)
                y.Row(t)[o] = (float)(Gelu.Tanh(Product.Dot(x.Row(t), gateRow)) * Product.Dot(x.Row(t), upRow));
        }
    }

    /// <summary>A row of a parameter, widened.</summary>
    public static float[] Row(HostWeight weight, int row)
    {
        float[] values = new float[weight.Columns];
        weight.Widen(row, values);
        return values;
    }
}
