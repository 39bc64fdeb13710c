using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<SoftCap>
{
    private static readonly Kernel<SoftCapArgs> SoftCapKernel = new("SoftCap", SoftCapElement, ElementThreads);

    /// <summary>y = cap * tanh(x / cap).</summary>
    public Matrix Run(in SoftCap op, MatrixShape shape)
    {
        Matrix y = Allocate(shape); // [T, F]
        Launch(SoftCapKernel, Elements(y.Length), new SoftCapArgs { X = op.X.Floats(), Y = y.Floats(), Cap = op.Cap });
        return y;
    }

    /// <summary>A thread has one number.</summary>
    private static void SoftCapElement(SoftCapArgs g)
    {
        long i = ElementIndex;
        if (i < g.Y.Length) g.Y[i] = g.Cap * Functions.Tanh(g.X[i] / g.Cap);
    }

    internal struct SoftCapArgs
    {
        public ArrayView<float> X, Y; // [T, F]
        public float Cap;
    }
}
