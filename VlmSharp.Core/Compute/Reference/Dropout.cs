using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Dropout>
{
    /// <summary>y_i = x_i / (1 - rate) where word_i of the key is not below rate * 2^32, else 0.</summary>
    public void Run(in Dropout op, HostMatrix y)
    {
        HostMatrix x = op.X.OnHost();
        float kept = 1 / (1 - op.Rate);
        for (int t = 0; t < x.Rows; t++)
            for (int f = 0; f < x.Columns; f++)
                y.Row(t)[f] = CounterRandom.Word(op.Key, (long)t * x.Columns + f) >= op.Threshold ? kept * x.Row(t)[f] : 0;
    }
}
