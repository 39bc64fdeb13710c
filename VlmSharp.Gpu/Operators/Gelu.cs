using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Elements;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Gelu>
{
    /// <summary>y = gelu_tanh(x).</summary>
    public Matrix Run(in Gelu op, MatrixShape shape) => Each<GeluFunction>(shape, op.X);
}

/// <inheritdoc cref="Gelu"/>
internal readonly struct GeluFunction : IElementFunction
{
    public static string Name => "Gelu";

    public static float Of(float a, float b, float c, float constant) => Functions.GeluTanh(a);
}
