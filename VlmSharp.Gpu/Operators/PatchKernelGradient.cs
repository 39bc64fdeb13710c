using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<PatchKernelGradient>
{
    /// <summary>
    /// dW = dY^T patches + sum: patches become rows as in <see cref="PatchEmbed"/>, followed by the gradient of a linear layer.
    /// </summary>
    public Matrix Run(in PatchKernelGradient op, MatrixShape shape)
    {
        using Matrix gradient = products.Prepare(op.Gradient); // [images * N, F]
        using Matrix patches = Flatten(op.Pixels, gradient.Rows, op.Side, op.Patch); // [images * N, 3 * patch^2, padded]
        Matrix y = Allocate(shape); // [F, 3 * patch^2]
        products.MultiplyColumns(gradient, patches, shape.Rows, Plain(y) with { Residual = op.Sum.OptionalFloats() });
        return y;
    }
}
