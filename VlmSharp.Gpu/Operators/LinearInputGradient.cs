using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LinearInputGradient>
{
    /// <summary>dX = dY W: the product of <see cref="Linear"/> with the weight's columns in place of its rows.</summary>
    public Matrix Run(in LinearInputGradient op, MatrixShape shape)
    {
        using Matrix gradient = products.Prepare(op.Gradient); // [T, out]
        DeviceWeight weight = op.Weight.OnDevice(); // [out, in]
        Matrix y = Allocate(shape); // [T, in]
        products.MultiplyByColumns(gradient, weight.Format, Operand.Of(weight), Plain(y));
        return y;
    }
}
