using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Elements;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<GeluGradient>
{
    /// <summary>dX = dY * factor * gelu'(x).</summary>
    public Matrix Run(in GeluGradient op, MatrixShape shape) => Each<GeluGradientFunction>(shape, op.Gradient, op.X, op.Factor);
}

/// <inheritdoc cref="GeluGradient"/>
internal readonly struct GeluGradientFunction : IElementFunction
{
    public static string Name => "GeluGradient";

    public static float Of(float a, float b, float c, float constant) => a * Functions.GeluTanhDerivative(b) * c;
}
