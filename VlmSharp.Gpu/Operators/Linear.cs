using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Linear>
{
    private readonly ProductLauncher<TCore> products = new(context);

    /// <summary>y = act(x W^T + bias) + residual. After an activation, the result feeds a product.</summary>
    public Matrix Run(in Linear op, MatrixShape shape)
    {
        bool isGelu = op.Activation == Activation.GeluTanh;
        using Matrix x = products.Prepare(op.X), residual = op.Residual.HasValue ? context.Widen(op.Residual) : default;
        Matrix y = isGelu && !op.Residual.HasValue ? AllocateForProduct(shape) : Allocate(shape); // [T, out]
        products.Multiply(x, op.Weight.OnDevice(), new Epilogue
        {
            Y = RowTarget.Of(y),
            Bias = op.Bias is null ? default : op.Bias.OnDevice().Vector,
            Residual = residual.HasValue ? residual.Floats() : default,
            Columns = shape.Columns,
            IsGelu = isGelu ? 1 : 0,
        });
        return y;
    }
}
