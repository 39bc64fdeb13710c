using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<PatchEmbed>
{
    /// <summary>
    /// y[n N + p] = W * flatten(patch p of image n) + bias + position[p]: patches become rows, then it is a product whose residual is the
    /// positions.
    /// </summary>
    public Matrix Run(in PatchEmbed op, MatrixShape shape)
    {
        DeviceWeight kernel = op.Kernel.OnDevice(), positions = op.Positions.OnDevice();
        Kernel<PositionsArgs> layPositions = PatchKernels.Positions(positions);
        using Matrix pixels = context.Widen(op.Pixels);
        using Matrix patches = AllocateForPatches(shape.Rows, kernel.Columns); // [images * N, 3 * patch^2, padded]
        LaunchGrid eachRow = new(shape.Rows);
        Launch(PatchKernels.Flatten, eachRow, new FlattenArgs
        {
            Pixels = pixels.Floats(),
            Patches = RowTarget.Of(patches),
            Side = op.Side,
            Patch = op.Patch,
        });

        Matrix y = Allocate(shape); // [images * N, F]
        Launch(layPositions, eachRow, new PositionsArgs
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

    private Matrix AllocateForPatches(int rows, int columns) =>
        IsNarrow
            ? context.AllocateNarrow(rows, columns)
            : context.Allocate(rows, DeviceBlock.RowChunks(columns) * DeviceBlock.ChunkNumbers);
}
