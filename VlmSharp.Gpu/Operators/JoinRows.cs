using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<JoinRows>
{
    /// <summary>Copies the rows of each part, one part after another.</summary>
    public Matrix Run(in JoinRows op, MatrixShape shape)
    {
        Matrix y = Allocate(shape); // [sum of n_i, F]
        long at = 0;
        foreach (Matrix part in op.Parts)
        {
            using Matrix rows = context.Widen(part); // [n_i, F]
            context.Device.Copy(rows.Floats(), y.Floats().SubView(at, rows.Length));
            at += rows.Length;
        }

        return y;
    }
}
