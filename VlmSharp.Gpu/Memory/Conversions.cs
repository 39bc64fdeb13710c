using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>Converts matrices between fp32 and bf16.</summary>
internal static class Conversions
{
    private const int Threads = 128;

    private static readonly Kernel<ConversionArgs>
        NarrowKernel = new("narrow", Narrow, Threads),
        WidenKernel = new("widen", Widen, Threads);

    /// <summary>The kernels, so that each can be loaded and verified.</summary>
    public static IReadOnlyList<Kernel> Kernels => [NarrowKernel, WidenKernel];

    /// <summary>The matrix in fp32: itself, or a copy.</summary>
    /// <returns>A matrix that the caller disposes of either way.</returns>
    public static Matrix Widen(this GpuContext context, Matrix x)
    {
        if (!x.Block().IsNarrow) return x.Retain();
        Matrix y = context.Allocate(x.Rows, x.Columns);
        int rowChunks = DeviceBlock.RowChunks(x.Columns);
        var args = new ConversionArgs { Wide = y.Floats(), Narrow = x.Chunks(), Columns = x.Columns, RowChunks = rowChunks };
        context.Device.Launch(WidenKernel, Groups(args.Narrow.Length), args);
        return y;
    }

    /// <summary>The matrix in bf16, rows padded with zeros: itself, or a copy.</summary>
    /// <returns>A matrix that the caller disposes of either way.</returns>
    public static Matrix Narrow(this GpuContext context, Matrix x)
    {
        if (x.Block().IsNarrow) return x.Retain();
        Matrix y = context.AllocateNarrow(x.Rows, x.Columns);
        int rowChunks = DeviceBlock.RowChunks(x.Columns);
        var args = new ConversionArgs { Wide = x.Floats(), Narrow = y.Chunks(), Columns = x.Columns, RowChunks = rowChunks };
        context.Device.Launch(NarrowKernel, Groups(args.Narrow.Length), args);
        return y;
    }

    private static LaunchGrid Groups(long chunks) => new((int)((chunks + Threads - 1) / Threads));

    /// <summary>A thread packs a chunk of 8 numbers.</summary>
    private static void Narrow(ConversionArgs g)
    {
        long chunk = (long)Grid.IdxX * Threads + Group.IdxX;
        if (chunk >= g.Narrow.Length) return;
        long row = chunk / g.RowChunks, at = row * g.Columns;
        int column = (int)(chunk - row * g.RowChunks) * DeviceBlock.ChunkNumbers;
        g.Narrow[chunk] = new U4
        {
            X = Bits.Pack(At(g, at, column), At(g, at, column + 1)),
            Y = Bits.Pack(At(g, at, column + 2), At(g, at, column + 3)),
            Z = Bits.Pack(At(g, at, column + 4), At(g, at, column + 5)),
            W = Bits.Pack(At(g, at, column + 6), At(g, at, column + 7)),
        };
    }

    private static float At(ConversionArgs g, long row, int column) => column < g.Columns ? g.Wide[row + column] : 0;

    /// <summary>A thread widens a chunk of 8 numbers; those past the row's end are padding.</summary>
    private static void Widen(ConversionArgs g)
    {
        long chunk = (long)Grid.IdxX * Threads + Group.IdxX;
        if (chunk >= g.Narrow.Length) return;
        long row = chunk / g.RowChunks, at = row * g.Columns;
        int column = (int)(chunk - row * g.RowChunks) * DeviceBlock.ChunkNumbers;
        F8 x = Bits.Widen(g.Narrow[chunk]);
        Set(g, at, column, x.A);
        Set(g, at, column + 1, x.B);
        Set(g, at, column + 2, x.C);
        Set(g, at, column + 3, x.D);
        Set(g, at, column + 4, x.E);
        Set(g, at, column + 5, x.F);
        Set(g, at, column + 6, x.G);
        Set(g, at, column + 7, x.H);
    }

    private static void Set(ConversionArgs g, long row, int column, float value)
    {
        if (column < g.Columns) g.Wide[row + column] = value;
    }

    /// <summary>Arguments: a matrix in both formats.</summary>
    internal struct ConversionArgs
    {
        public ArrayView<float> Wide; // [T, columns]
        public ArrayView<U4> Narrow; // [T, chunks]
        public int Columns, RowChunks;
    }
}
