using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AssignRows>
{
    private static readonly Kernel<AssignRowsArgs> AssignRowsKernel = new("AssignRows", AssignRowsElement, ElementThreads);

    /// <summary>W[first + r] = x[r], rounded to the storage format of W.</summary>
    public Matrix Run(in AssignRows op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X); // [R, in]
        Launch(AssignRowsKernel, Elements(x.Length), new AssignRowsArgs
        {
            X = x.Floats(),
            Weight = WeightTarget.Of(op.Weight.OnDevice()),
            First = (long)op.First * x.Columns,
        });
        return default;
    }

    /// <summary>A thread has one number.</summary>
    private static void AssignRowsElement(AssignRowsArgs g)
    {
        long i = ElementIndex;
        if (i < g.X.Length) g.Weight.Set(g.First + i, g.X[i]);
    }

    internal struct AssignRowsArgs
    {
        public ArrayView<float> X; // [R, in]
        public WeightTarget Weight; // [out, in]
        public long First; // number of W
    }
}
