using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<LinearRows>
{
    /// <summary>y[t, i] = x[t] . W[rows[i]], by the kernel and the plan of <see cref="Linear"/>, which only looks up its rows.</summary>
    public Matrix Run(in LinearRows op, MatrixShape shape)
    {
        using Matrix x = products.Prepare(op.X);
        Matrix y = Allocate(shape); // [T, n]
        if (shape.Columns == 0) return y;
        DeviceWeight weight = op.Weight.OnDevice();
        products.Multiply(x, weight, Operand.Of(weight, op.Rows.Integers()), new Epilogue { Y = RowTarget.Of(y), Columns = shape.Columns });
        return y;
    }
}
