using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<RmsNormInputGradient>
{
    private static readonly Kernel<NormGradientArgs> RmsNormInputGradientKernel =
        new("RmsNormInputGradient", RmsNormInputGradientRow, RowThreads);

    /// <summary>dX = r * (g - x * r^2 * mean(g * x)), r = 1 / sqrt(mean(x^2) + eps), g = dY * (1 + weight).</summary>
    public Matrix Run(in RmsNormInputGradient op, MatrixShape shape) =>
        NormInputGradient(RmsNormInputGradientKernel, op.Gradient, op.X, op.Weight.OnDevice(), op.Epsilon);

    /// <summary>A group has one row: its scale, the mean of g * x, then every number.</summary>
    private static void RmsNormInputGradientRow(NormGradientArgs g)
    {
        long row = (long)Grid.IdxX * g.Columns;
        float r = InverseRms(g.X, row, g.Columns, g.Epsilon), sum = 0;
        for (int i = Group.IdxX; i < g.Columns; i += RowThreads) sum += g.Gradient[row + i] * (1 + g.Weight[i]) * g.X[row + i];
        float along = r * r * (TCore.Sum(sum) / g.Columns);
        for (int i = Group.IdxX; i < g.Columns; i += RowThreads)
            g.Y[row + i] = r * (g.Gradient[row + i] * (1 + g.Weight[i]) - g.X[row + i] * along);
    }

    private Matrix NormInputGradient(Kernel<NormGradientArgs> kernel, Matrix gradient, Matrix x, DeviceWeight weight, float epsilon)
    {
        using Matrix dy = context.Widen(gradient), wide = context.Widen(x);
        Matrix y = context.Allocate(x.Rows, x.Columns); // [T, F]
        Launch(kernel, new LaunchGrid(x.Rows), new NormGradientArgs
        {
            Gradient = dy.Floats(),
            X = wide.Floats(),
            Weight = weight.Vector,
            Y = y.Floats(),
            Columns = x.Columns,
            Epsilon = epsilon,
        });
        return y;
    }

    internal struct NormGradientArgs
    {
        public ArrayView<float> Gradient, X, Weight, Y; // [T, F], [T, F], [F], [T, F]
        public int Columns;
        public float Epsilon;
    }
}
