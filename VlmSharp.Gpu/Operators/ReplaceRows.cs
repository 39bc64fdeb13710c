using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<ReplaceRows>
{
    private static readonly Kernel<ReplaceRowsArgs> ReplaceRowsKernel = new("ReplaceRows", ReplaceRowsElement, ElementThreads);

    /// <summary>y = x, but y[targets[i]] = rows[i].</summary>
    public Matrix Run(in ReplaceRows op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X), rows = context.Widen(op.Rows);
        Matrix y = Allocate(shape); // [T, F]
        context.Device.Copy(x.Floats(), y.Floats());
        Launch(ReplaceRowsKernel, Elements(rows.Length), new ReplaceRowsArgs
        {
            Rows = rows.Floats(),
            Targets = op.Targets.Integers(),
            Y = y.Floats(),
            Columns = shape.Columns,
        });
        return y;
    }

    /// <summary>A thread copies one number.</summary>
    private static void ReplaceRowsElement(ReplaceRowsArgs g)
    {
        long i = ElementIndex;
        if (i >= g.Rows.Length) return;
        long row = i / g.Columns;
        g.Y[(long)g.Targets[row] * g.Columns + (i - row * g.Columns)] = g.Rows[i];
    }

    internal struct ReplaceRowsArgs
    {
        public ArrayView<float> Rows, Y; // [n, F], [T, F]
        public ArrayView<int> Targets; // [n]
        public int Columns;
    }
}
