using ILGPU;
using ILGPU.Algorithms;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<RmsNorm>
{
    private static readonly Kernel<RmsNormArgs> RmsNormKernel = new("RmsNorm", RmsNormRow, RowThreads);

    /// <summary>y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual. Without a residual, the result feeds a product.</summary>
    public Matrix Run(in RmsNorm op, MatrixShape shape)
    {
        bool narrow = IsNarrow && !op.Residual.HasValue;
        using Matrix x = context.Widen(op.X), residual = op.Residual.HasValue ? context.Widen(op.Residual) : default;
        Matrix y = narrow ? context.AllocateNarrow(shape.Rows, shape.Columns) : Allocate(shape); // [T, F]
        Launch(RmsNormKernel, new LaunchGrid(shape.Rows), new RmsNormArgs
        {
            X = x.Floats(),
            Weight = op.Weight.OnDevice().Vector,
            Residual = residual.HasValue ? residual.Floats() : default,
            Y = RowTarget.Of(y),
            Columns = shape.Columns,
            Epsilon = op.Epsilon,
        });
        return y;
    }

    /// <summary>A group has one row: the sum of squares first, then every number of the row.</summary>
    private static void RmsNormRow(RmsNormArgs g)
    {
        long row = (long)Grid.IdxX * g.Columns;
        float scale = InverseRms(g.X, row, g.Columns, g.Epsilon);
        bool add = g.Residual.Length > 0;
        for (int i = Group.IdxX; i < g.Y.PaddedColumns; i += RowThreads)
        {
            float y = i < g.Columns ? g.X[row + i] * scale * (1 + g.Weight[i]) : 0;
            if (add) y += g.Residual[row + i];
            g.Y.Set(Grid.IdxX, i, y);
        }
    }

    /// <summary>1 / sqrt(mean(x^2) + eps) of the group's row; <paramref name="row"/> is the index of its first number.</summary>
    private static float InverseRms(ArrayView<float> x, long row, int columns, float epsilon)
    {
        float squares = 0;
        for (int i = Group.IdxX; i < columns; i += RowThreads) squares += x[row + i] * x[row + i];
        return 1 / XMath.Sqrt(TCore.Sum(squares) / columns + epsilon);
    }

    internal struct RmsNormArgs
    {
        public ArrayView<float> X, Weight, Residual; // [T, F], [F], [T, F] or empty
        public RowTarget Y; // [T, F]
        public int Columns;
        public float Epsilon;
    }
}
