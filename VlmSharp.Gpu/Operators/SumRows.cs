using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<SumRows>
{
    /// <summary>y[p] = sum over r of x[r N + p], plus the earlier sum.</summary>
    public Matrix Run(in SumRows op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        return context.SumColumns(new ColumnSumArgs { X = x.Floats() }, x.Rows, shape, op.Sum);
    }
}
