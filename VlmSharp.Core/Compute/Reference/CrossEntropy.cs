using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<CrossEntropy>
{
    /// <summary>loss = l - (1 - s) z_target - s/V sum_v z_v, l = log sum_v exp(z_v).</summary>
    public void Run(in CrossEntropy op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        HostWeight head = op.Weight.OnHost();
        ReadOnlySpan<int> targets = op.Targets.OnHost();
        for (int t = 0; t < x.Rows; t++)
        {
            double[] z = Logits(x.Row(t), head, op.Cap);
            double largest = z.Max(), l = largest + Math.Log(z.Sum(value => Math.Exp(value - largest)));
            y.Row(t)[0] = (float)(l - (1 - (double)op.Smoothing) * z[targets[t]] - op.Smoothing * z.Average());
            y.Row(t)[1] = (float)l;
        }
    }

    /// <summary>z_v = cap * tanh(x . W[v] / cap) of one row.</summary>
    private static double[] Logits(ReadOnlySpan<float> x, HostWeight head, float cap)
    {
        double[] z = new double[head.Rows];
        for (int v = 0; v < z.Length; v++)
        {
            z[v] = Dot(x, head.Row(v));
            if (cap > 0) z[v] = cap * Math.Tanh(z[v] / cap);
        }

        return z;
    }
}
