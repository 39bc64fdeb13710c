using ILGPU;
using ILGPU.Algorithms;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LayerNorm>
{
    private static readonly Kernel<LayerNormArgs> LayerNormKernel = new("LayerNorm", LayerNormRow, RowThreads);

    /// <summary>y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * weight + bias. The result feeds a product.</summary>
    public Matrix Run(in LayerNorm op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        Matrix y = AllocateForProduct(shape); // [T, F]
        Launch(LayerNormKernel, new LaunchGrid(shape.Rows), new LayerNormArgs
        {
            X = x.Floats(),
            Weight = op.Weight.OnDevice().Vector,
            Bias = op.Bias.OnDevice().Vector,
            Y = RowTarget.Of(y),
            Columns = shape.Columns,
            Epsilon = op.Epsilon,
        });
        return y;
    }

    /// <summary>A group has one row: its mean and scale, then every number.</summary>
    private static void LayerNormRow(LayerNormArgs g)
    {
        long row = (long)Grid.IdxX * g.Columns;
        float mean = Mean(g.X, row, g.Columns), scale = InverseDeviation(g.X, row, g.Columns, mean, g.Epsilon);
        for (int i = Group.IdxX; i < g.Y.PaddedColumns; i += RowThreads)
            g.Y.Set(Grid.IdxX, i, i < g.Columns ? (g.X[row + i] - mean) * scale * g.Weight[i] + g.Bias[i] : 0);
    }

    /// <summary>The mean of the group's row; <paramref name="row"/> is the index of its first number.</summary>
    private static float Mean(ArrayView<float> x, long row, int columns)
    {
        float sum = 0;
        for (int i = Group.IdxX; i < columns; i += RowThreads) sum += x[row + i];
        return TCore.Sum(sum) / columns;
    }

    /// <summary>
    /// 1 / sqrt(mean((x - mean)^2) + eps), from squared distances, because the difference of two large numbers is inexact.
    /// </summary>
    private static float InverseDeviation(ArrayView<float> x, long row, int columns, float mean, float epsilon)
    {
        float squares = 0;
        for (int i = Group.IdxX; i < columns; i += RowThreads) squares += (x[row + i] - mean) * (x[row + i] - mean);
        return 1 / XMath.Sqrt(TCore.Sum(squares) / columns + epsilon);
    }

    internal struct LayerNormArgs
    {
        public ArrayView<float> X, Weight, Bias; // [T, F], [F], [F]
        public RowTarget Y; // [T, F]
        public int Columns;
        public float Epsilon;
    }
}
