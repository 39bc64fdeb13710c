using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Elements;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<SoftCapGradient>
{
    /// <summary>dX = dY * (1 - (y / cap)^2).</summary>
    public Matrix Run(in SoftCapGradient op, MatrixShape shape) =>
        Each<SoftCapGradientFunction>(shape, op.Gradient, op.Y, constant: 1 / op.Cap);
}

/// <inheritdoc cref="SoftCapGradient"/>
internal readonly struct SoftCapGradientFunction : IElementFunction
{
    public static string Name => "SoftCapGradient";

    public static float Of(float a, float b, float c, float constant) => a * (1 - b * constant * (b * constant));
}
