using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<SelectRows>
{
    private static readonly Kernel<SelectRowsArgs> SelectRowsKernel = new("SelectRows", SelectRowsElement, ElementThreads);

    /// <summary>y[i] = x[indices[i]].</summary>
    public Matrix Run(in SelectRows op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        Matrix y = Allocate(shape); // [n, F]
        Launch(SelectRowsKernel, Elements(y.Length), new SelectRowsArgs
        {
            X = x.Floats(),
            Rows = op.Rows.Integers(),
            Y = y.Floats(),
            Columns = shape.Columns,
        });
        return y;
    }

    /// <summary>A thread copies one number.</summary>
    private static void SelectRowsElement(SelectRowsArgs g)
    {
        long i = ElementIndex;
        if (i >= g.Y.Length) return;
        long row = i / g.Columns;
        g.Y[i] = g.X[(long)g.Rows[row] * g.Columns + (i - row * g.Columns)];
    }

    internal struct SelectRowsArgs
    {
        public ArrayView<float> X, Y; // [T, F], [n, F]
        public ArrayView<int> Rows; // [n]
        public int Columns;
    }
}
