using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// Copies fp32 rows so that their length is a multiple of eight, padded with zeros. In the models only rows of patches need this, and they
/// are laid out with padding from the start.
/// </summary>
internal static class ProductPadding
{
    private const int Threads = 128;

    public static readonly Kernel<PaddingArgs> Kernel = new("padding", Run, Threads);

    /// <summary>x itself, or its padded copy.</summary>
    /// <returns>A matrix that the caller disposes of either way.</returns>
    public static Matrix PadRows(this GpuContext context, Matrix x)
    {
        if (x.Columns % DeviceBlock.ChunkNumbers == 0) return x.Retain();
        Matrix y = context.Allocate(x.Rows, DeviceBlock.RowChunks(x.Columns) * DeviceBlock.ChunkNumbers);
        var args = new PaddingArgs { X = x.Floats(), Y = y.Floats(), Columns = x.Columns, PaddedColumns = y.Columns };
        context.Device.Launch(Kernel, new LaunchGrid((int)((y.Length + Threads - 1) / Threads)), args);
        return y;
    }

    private static void Run(PaddingArgs g)
    {
        long at = (long)Grid.IdxX * Threads + Group.IdxX;
        if (at >= g.Y.Length) return;
        long row = at / g.PaddedColumns;
        int column = (int)(at - row * g.PaddedColumns);
        g.Y[at] = column < g.Columns ? g.X[row * g.Columns + column] : 0;
    }

    /// <summary>Arguments: a matrix without and with padding.</summary>
    internal struct PaddingArgs
    {
        public ArrayView<float> X, Y; // [T, columns], [T, padded columns]
        public int Columns, PaddedColumns;
    }
}
