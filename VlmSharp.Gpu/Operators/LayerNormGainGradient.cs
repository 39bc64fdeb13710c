using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LayerNormGainGradient>
{
    private static readonly Kernel<RowScaleArgs> LayerNormScaleKernel = new("LayerNormScale", LayerNormScaleRow, RowThreads);

    /// <summary>
    /// dWeight = sum_t dY[t] (x[t] - mean(x[t])) / sqrt(var(x[t]) + eps) + sum: two numbers for each row first, then sums down the
    /// columns.
    /// </summary>
    public Matrix Run(in LayerNormGainGradient op, MatrixShape shape) =>
        NormGainGradient(LayerNormScaleKernel, op.Gradient, op.X, op.Epsilon, shape, op.Sum);

    /// <summary>A group has one row.</summary>
    private static void LayerNormScaleRow(RowScaleArgs g)
    {
        long row = (long)Grid.IdxX * g.Columns;
        float mean = Mean(g.X, row, g.Columns), r = InverseDeviation(g.X, row, g.Columns, mean, g.Epsilon);
        if (Group.IdxX != 0) return;
        g.Scales[2L * Grid.IdxX] = mean;
        g.Scales[2L * Grid.IdxX + 1] = r;
    }
}
