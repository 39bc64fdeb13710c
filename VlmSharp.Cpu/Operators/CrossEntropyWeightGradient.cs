using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<CrossEntropyWeightGradient>
{
    /// <summary>dW[v] = sum_t dz_tv x_t + sum[v], a chunk of the vocabulary at a time.</summary>
    public void Run(in CrossEntropyWeightGradient op, HostMatrix y)
    {
        HostMatrix x = op.Loss.X.OnHost(), sum = op.Sum.OptionalOnHost();
        if (x.Rows == 0)
            GradientProduct<V>.Run(context, new HostMatrix(x.Data, 0, y.Rows), true, new WeightRows(x.Data, x.Columns), y, sum);
        for (int first = 0, count; x.Rows > 0 && first < y.Rows; first += count)
        {
            HostMatrix dz = ScoreGradients(op.Loss, op.Gradient.OnHost(), op.Y.OnHost(), first); // [n, chunk]
            count = dz.Columns;
            HostMatrix before = sum.HasValue ? sum.Part(first, count) : default;
            GradientProduct<V>.Run(context, dz, true, new WeightRows(x.Data, x.Columns), y.Part(first, count), before);
        }
    }
}
