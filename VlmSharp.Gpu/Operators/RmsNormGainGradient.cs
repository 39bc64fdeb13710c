using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<RmsNormGainGradient>
{
    private static readonly Kernel<RowScaleArgs> RmsNormScaleKernel = new("RmsNormScale", RmsNormScaleRow, RowThreads);

    /// <summary>
    /// dWeight = sum_t dY[t] x[t] / sqrt(mean(x[t]^2) + eps) + sum: a number for each row first, then sums down the columns.
    /// </summary>
    public Matrix Run(in RmsNormGainGradient op, MatrixShape shape) =>
        NormGainGradient(RmsNormScaleKernel, op.Gradient, op.X, op.Epsilon, shape, op.Sum);

    /// <summary>A group has one row.</summary>
    private static void RmsNormScaleRow(RowScaleArgs g)
    {
        long row = (long)Grid.IdxX * g.Columns;
        float r = InverseRms(g.X, row, g.Columns, g.Epsilon);
        if (Group.IdxX != 0) return;
        g.Scales[2L * Grid.IdxX] = 0;
        g.Scales[2L * Grid.IdxX + 1] = r;
    }

    private Matrix NormGainGradient(
        Kernel<RowScaleArgs> kernel, Matrix gradient, Matrix x, float epsilon, MatrixShape shape, Matrix sum)
    {
        using Matrix dy = context.Widen(gradient), wide = context.Widen(x), scales = context.Allocate(x.Rows, 2); // mean, scale
        Launch(kernel, new LaunchGrid(x.Rows), new RowScaleArgs
        {
            X = wide.Floats(),
            Scales = scales.Floats(),
            Columns = x.Columns,
            Epsilon = epsilon,
        });
        var args = new ColumnSumArgs { X = wide.Floats(), Gradient = dy.Floats(), Scales = scales.Floats() };
        return context.SumColumns(args, x.Rows, shape, sum);
    }

    internal struct RowScaleArgs
    {
        public ArrayView<float> X, Scales; // [T, F], [T, 2]
        public int Columns;
        public float Epsilon;
    }
}
