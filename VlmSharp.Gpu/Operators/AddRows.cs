using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AddRows>
{
    private static readonly Kernel<AddRowsArgs> AddRowsKernel = new("AddRows", AddRowsRow, RowThreads);

    /// <summary>y = sum, and y[indices[i]] += factor * x[i] in the order of i.</summary>
    public Matrix Run(in AddRows op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        Matrix y = Allocate(shape); // [rows, F]
        if (op.Sum.HasValue) context.Device.Copy(op.Sum.Floats(), y.Floats());
        else context.Device.Clear(y.Floats());
        Launch(AddRowsKernel, new LaunchGrid(op.Indices.Count), new AddRowsArgs
        {
            X = x.Floats(),
            Indices = op.Indices.Integers(),
            Y = y.Floats(),
            Columns = shape.Columns,
            Factor = op.Factor,
        });
        return y;
    }

    /// <summary>A group has one index. If it is the first that names its row, it adds all that do; otherwise another group does.</summary>
    private static void AddRowsRow(AddRowsArgs g)
    {
        int i = Grid.IdxX, row = g.Indices[i];
        for (int j = 0; j < i; j++)
            if (g.Indices[j] == row) return;
        long to = (long)row * g.Columns;
        for (long j = i; j < g.Indices.Length; j++)
        {
            if (g.Indices[j] != row) continue;
            for (int f = Group.IdxX; f < g.Columns; f += RowThreads) g.Y[to + f] += g.Factor * g.X[j * g.Columns + f];
        }
    }

    internal struct AddRowsArgs
    {
        public ArrayView<float> X, Y; // [n, F], [rows, F]
        public ArrayView<int> Indices; // [n]
        public int Columns;
        public float Factor;
    }
}
