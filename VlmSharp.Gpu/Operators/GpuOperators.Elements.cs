using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore>
{
    private static IReadOnlyList<Kernel> ElementKernels =>
    [
        Elementwise<GeluFunction>.Kernel, Elementwise<GeluGradientFunction>.Kernel, Elementwise<GatedGeluFunction>.Kernel,
        Elementwise<ScaleFunction>.Kernel, Elementwise<AddFunction>.Kernel, Elementwise<SoftCapGradientFunction>.Kernel,
    ];

    /// <summary>y_i = f(a_i, b_i, c_i), in fp32.</summary>
    private Matrix Each<TFunction>(MatrixShape shape, Matrix a, Matrix b = default, Matrix c = default, float constant = 0)
        where TFunction : struct, IElementFunction
    {
        using Matrix wideA = context.Widen(a), wideB = WidenOptional(b), wideC = WidenOptional(c);
        Matrix y = Allocate(shape); // [T, F]
        Launch(Elementwise<TFunction>.Kernel, Elementwise<TFunction>.Groups(y.Length), new ElementArgs
        {
            A = wideA.Floats(),
            B = wideB.OptionalFloats(),
            C = wideC.OptionalFloats(),
            Y = y.Floats(),
            Constant = constant,
        });
        return y;
    }

    private Matrix WidenOptional(Matrix x) => x.HasValue ? context.Widen(x) : default;
}
