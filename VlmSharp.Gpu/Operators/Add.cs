using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Elements;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Add>
{
    /// <summary>y = a + b.</summary>
    public Matrix Run(in Add op, MatrixShape shape) => Each<AddFunction>(shape, op.A, op.B);
}

/// <inheritdoc cref="Add"/>
internal readonly struct AddFunction : IElementFunction
{
    public static string Name => "Add";

    public static float Of(float a, float b, float c, float constant) => a + b;
}
