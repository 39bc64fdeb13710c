using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<GatedLinear>
{
    /// <summary>
    /// y = gelu_tanh(x Wg^T) * (x Wu^T): for few rows in one launch; otherwise the gate first, which the second product takes as a factor.
    /// </summary>
    public Matrix Run(in GatedLinear op, MatrixShape shape)
    {
        DeviceWeight gate = op.Gate.OnDevice(), up = op.Up.OnDevice();
        using Matrix x = products.Prepare(op.X);
        Matrix y = AllocateForProduct(shape); // [T, out]
        var epilogue = new Epilogue { Y = RowTarget.Of(y), Columns = shape.Columns };
        if (ProductPlan.IsByRows<TCore>(x.Rows) && gate.Format == up.Format)
        {
            products.MultiplyGatedRows(x, gate, up, epilogue);
            return y;
        }

        using Matrix gated = AllocateForProduct(shape); // [T, out]
        products.Multiply(x, gate, new Epilogue { Y = RowTarget.Of(gated), Columns = shape.Columns, IsGelu = 1 });
        epilogue.Factor = RowTarget.Of(gated);
        products.Multiply(x, up, epilogue);
        return y;
    }
}
