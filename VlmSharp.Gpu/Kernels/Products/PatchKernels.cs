using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>The kernels that a patch embedding needs besides its product. A group has one patch.</summary>
internal static class PatchKernels
{
    public const int Threads = 128;

    /// <summary>Patches as rows of (channel, y, x), padded with zeros.</summary>
    public static readonly Kernel<FlattenArgs> Flatten = new("patches as rows", FlattenPatch, Threads);

    /// <summary>y[n N + p] = position[p].</summary>
    /// <exception cref="NotSupportedException">The positions are quantized.</exception>
    public static Kernel<PositionsArgs> Positions(DeviceWeight positions) => positions.Format switch
    {
        DType.F32 => PositionRows<Float32Format>.Kernel,
        DType.BF16 => PositionRows<BFloat16Format>.Kernel,
        DType.F16 => PositionRows<Float16Format>.Kernel,
        _ => throw new NotSupportedException($"PatchEmbed: positions {positions}; the GPU backend has them in f32, bf16 and f16 only."),
    };

    private static void FlattenPatch(FlattenArgs g)
    {
        int perSide = g.Side / g.Patch, area = g.Patch * g.Patch;
        int image = Grid.IdxX / (perSide * perSide), place = Grid.IdxX % (perSide * perSide);
        int top = place / perSide * g.Patch, left = place % perSide * g.Patch;
        for (int i = Group.IdxX; i < g.Patches.PaddedColumns; i += Threads)
        {
            int channel = i / area, y = top + i % area / g.Patch, x = left + i % g.Patch;
            float pixel = channel < 3 ? g.Pixels[((long)(image * 3 + channel) * g.Side + y) * g.Side + x] : 0;
            g.Patches.Set(Grid.IdxX, i, pixel);
        }
    }
}

/// <summary>Writes the positions of every image from their storage format.</summary>
internal static class PositionRows<TFormat> where TFormat : struct, INumberFormat
{
    public static readonly Kernel<PositionsArgs> Kernel = new($"positions, {typeof(TFormat).Name}", Run, PatchKernels.Threads);

    private static void Run(PositionsArgs g)
    {
        long from = (long)(Grid.IdxX % g.Positions.Rows) * g.Positions.RowChunks, to = (long)Grid.IdxX * g.Columns;
        for (int c = Group.IdxX; c < g.Positions.RowChunks; c += PatchKernels.Threads)
        {
            F8 eight = TFormat.Eight(g.Positions, TFormat.Load(g.Positions, from + c), 0);
            Set(g, to, c * 8, eight.A);
            Set(g, to, c * 8 + 1, eight.B);
            Set(g, to, c * 8 + 2, eight.C);
            Set(g, to, c * 8 + 3, eight.D);
            Set(g, to, c * 8 + 4, eight.E);
            Set(g, to, c * 8 + 5, eight.F);
            Set(g, to, c * 8 + 6, eight.G);
            Set(g, to, c * 8 + 7, eight.H);
        }
    }

    private static void Set(in PositionsArgs g, long row, int column, float value)
    {
        if (column < g.Columns) g.Y[row + column] = value;
    }
}

/// <summary>Arguments of the patch rows.</summary>
internal struct FlattenArgs
{
    public ArrayView<float> Pixels; // [images, 3, side, side]
    public RowTarget Patches; // [images * N, 3 * patch^2]
    public int Side, Patch;
}

/// <summary>Arguments of the positions.</summary>
internal struct PositionsArgs
{
    public Operand Positions; // [N, F]
    public ArrayView<float> Y; // [images * N, F]
    public int Columns; // F
}
