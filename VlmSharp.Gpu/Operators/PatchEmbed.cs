using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<PatchEmbed>
{
    /// <summary>
    /// y[n N + p] = W * flatten(patch p of image n) + bias + position[p]: patches become rows, followed by a product whose residual is the
    /// positions.
    /// </summary>
    public Matrix Run(in PatchEmbed op, MatrixShape shape)
    {
        DeviceWeight kernel = op.Kernel.OnDevice(), positions = op.Positions.OnDevice();
        Kernel<PositionsArgs> layPositions = PatchKernels.Positions(positions);
        using Matrix patches = Flatten(op.Pixels, shape.Rows, op.Side, op.Patch); // [images * N, 3 * patch^2, padded]
        Matrix y = Allocate(shape); // [images * N, F]
        Launch(layPositions, new LaunchGrid(shape.Rows), new PositionsArgs
        {
            Positions = Operand.Of(positions),
            Y = y.Floats(),
            Columns = shape.Columns,
        });

        products.Multiply(patches, kernel, new Epilogue
        {
            Y = RowTarget.Of(y),
            Bias = op.Bias.OnDevice().Vector,
            Residual = y.Floats(),
            Columns = shape.Columns,
        });
        return y;
    }

    /// <summary>Patches as rows, in the form that products take.</summary>
    private Matrix Flatten(Matrix pictures, int rows, int side, int patch)
    {
        using Matrix pixels = context.Widen(pictures); // [images, 3 * side^2]
        Matrix patches = AllocatePadded(rows, 3 * patch * patch);
        Launch(PatchKernels.Flatten, new LaunchGrid(rows), new FlattenArgs
        {
            Pixels = pixels.Floats(),
            Patches = RowTarget.Of(patches),
            Side = side,
            Patch = patch,
        });
        return patches;
    }

    /// <summary>
    /// A matrix in the form that products take. The kernel that fills it must also write zeros to the padding of its rows.
    /// </summary>
    private Matrix AllocatePadded(int rows, int columns) =>
        IsNarrow
            ? context.AllocateNarrow(rows, columns)
            : context.Allocate(rows, DeviceBlock.RowChunks(columns) * DeviceBlock.ChunkNumbers);
}
