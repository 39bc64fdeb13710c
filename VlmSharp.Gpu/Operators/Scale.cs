using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Elements;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Scale>
{
    /// <summary>y = factor * x.</summary>
    public Matrix Run(in Scale op, MatrixShape shape) => Each<ScaleFunction>(shape, op.X, constant: op.Factor);
}

/// <inheritdoc cref="Scale"/>
internal readonly struct ScaleFunction : IElementFunction
{
    public static string Name => "Scale";

    public static float Of(float a, float b, float c, float constant) => constant * a;
}
