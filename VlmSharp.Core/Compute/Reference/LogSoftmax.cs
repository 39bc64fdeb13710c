using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<LogSoftmax>
{
    /// <summary>y = x - max(x) - log(sum(exp(x - max(x)))).</summary>
    public void Run(in LogSoftmax op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        for (int t = 0; t < x.Rows; t++) LogSoftmaxRow(x.Row(t), y.Row(t));
    }

    private static void LogSoftmaxRow(ReadOnlySpan<float> x, Span<float> y)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float value in x) largest = Math.Max(largest, value);
        foreach (float value in x) sum += Math.Exp(value - largest);
        double shift = largest + Math.Log(sum);
        for (int f = 0; f < x.Length; f++) y[f] = (float)(x[f] - shift);
    }
}
