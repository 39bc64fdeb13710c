using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

/// <summary>
/// Every operator as kernels, one file each: equation, shapes, and how threads map to them. The type argument lets one source serve tensor
/// cores and portable devices.
/// </summary>
/// <param name="context">The device and its memory.</param>
/// <typeparam name="TCore">The target of the kernels.</typeparam>
internal sealed partial class GpuOperators<TCore>(GpuContext context) where TCore : struct, ICore
{
    /// <summary>Threads of a group that works on one row.</summary>
    private const int RowThreads = 128;

    /// <summary>Threads of a group that works on single numbers.</summary>
    private const int ElementThreads = 128;

    /// <summary>Whether the inputs of products are kept in bf16.</summary>
    private static bool IsNarrow => typeof(TCore) == typeof(TensorCore);

    /// <summary>A matrix for the input of a product: bf16 on tensor cores, otherwise fp32.</summary>
    private Matrix AllocateForProduct(MatrixShape shape) =>
        IsNarrow ? context.AllocateNarrow(shape.Rows, shape.Columns) : context.Allocate(shape.Rows, shape.Columns);

    private Matrix Allocate(MatrixShape shape) => context.Allocate(shape.Rows, shape.Columns);

    private void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args) where TArgs : struct =>
        context.Device.Launch(kernel, grid, args);

    /// <summary>The groups that give each number its own thread.</summary>
    private static LaunchGrid Elements(long count) => new((int)((count + ElementThreads - 1) / ElementThreads));

    /// <summary>The index of this thread's number; a grid of <see cref="Elements"/>.</summary>
    private static long ElementIndex => (long)Grid.IdxX * ElementThreads + Group.IdxX;

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
