using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LayerNormInputGradient>
{
    private static readonly Kernel<NormGradientArgs> LayerNormInputGradientKernel =
        new("LayerNormInputGradient", LayerNormInputGradientRow, RowThreads);

    /// <summary>dX = r * (g - mean(g) - n * mean(g * n)), n = (x - mean(x)) * r, g = dY * weight.</summary>
    public Matrix Run(in LayerNormInputGradient op, MatrixShape shape) =>
        NormInputGradient(LayerNormInputGradientKernel, op.Gradient, op.X, op.Weight.OnDevice(), op.Epsilon);

    /// <summary>A group has one row: its mean and scale, the means of g and of g * n, then every number.</summary>
    private static void LayerNormInputGradientRow(NormGradientArgs g)
    {
        long row = (long)Grid.IdxX * g.Columns;
        float mean = Mean(g.X, row, g.Columns), r = InverseDeviation(g.X, row, g.Columns, mean, g.Epsilon);
        F4 sums = default; // of g, of g * n
        for (int i = Group.IdxX; i < g.Columns; i += RowThreads)
        {
            float gradient = g.Gradient[row + i] * g.Weight[i];
            sums.X += gradient;
            sums.Y += gradient * ((g.X[row + i] - mean) * r);
        }

        sums = TCore.Sum(sums);
        float meanOfG = sums.X / g.Columns, meanOfGN = sums.Y / g.Columns;
        for (int i = Group.IdxX; i < g.Columns; i += RowThreads)
            g.Y[row + i] = r * (g.Gradient[row + i] * g.Weight[i] - meanOfG - (g.X[row + i] - mean) * r * meanOfGN);
    }
}
