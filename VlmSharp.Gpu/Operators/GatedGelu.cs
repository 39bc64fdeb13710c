using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Elements;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<GatedGelu>
{
    /// <summary>y = gelu_tanh(gate) * up.</summary>
    public Matrix Run(in GatedGelu op, MatrixShape shape) => Each<GatedGeluFunction>(shape, op.Gate, op.Up);
}

/// <inheritdoc cref="GatedGelu"/>
internal readonly struct GatedGeluFunction : IElementFunction
{
    public static string Name => "GatedGelu";

    public static float Of(float a, float b, float c, float constant) => Functions.GeluTanh(a) * b;
}
