using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LinearWeightGradient>
{
    /// <summary>dW = dY^T X + sum: columns of both, in fp32 whatever the weight's format.</summary>
    public Matrix Run(in LinearWeightGradient op, MatrixShape shape)
    {
        using Matrix gradient = products.Prepare(op.Gradient), x = products.Prepare(op.X); // [T, out], [T, in]
        Matrix y = Allocate(shape); // [out, in]
        products.MultiplyColumns(gradient, x, shape.Rows, Plain(y) with { Residual = op.Sum.OptionalFloats() });
        return y;
    }
}
