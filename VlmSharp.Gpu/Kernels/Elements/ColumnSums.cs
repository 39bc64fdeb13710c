using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Kernels.Elements;

/// <summary>
/// Sums the columns of a matrix over every N-th row. A thread has one column. The rows are divided among groups, because one group alone
/// would read them slowly, and <see cref="PartSum"/> joins the parts in order. Grid: groups of columns, parts, places in the period.
/// <code>
/// y[part, p] = sum over the part's r of  x[r N + p]   or   dY[r N + p] * (x[r N + p] - mean) * scale   with a mean and scale per row
/// </code>
/// </summary>
internal static class ColumnSums
{
    private const int Threads = 128, FewestRows = 16, MostParts = 64;

    public static readonly Kernel<ColumnSumArgs> Kernel = new("column sums", Run, Threads);

    /// <summary>Computes the sums and adds <paramref name="sum"/>.</summary>
    /// <param name="context">The device and its memory.</param>
    /// <param name="args">x, and where needed dY and the numbers of each row; the rest is filled in.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="shape">The result's shape: the period and the columns.</param>
    /// <param name="sum">An earlier sum, or <c>default</c>.</param>
    public static Matrix SumColumns(this GpuContext context, ColumnSumArgs args, int rows, MatrixShape shape, Matrix sum)
    {
        int each = shape.Rows == 0 ? 0 : rows / shape.Rows, across = (shape.Columns + Threads - 1) / Threads;
        long idle = context.Device.Processors * 2L / Math.Max(1, (long)across * shape.Rows);
        int parts = (int)Math.Clamp(idle, 1, Math.Clamp(each / FewestRows, 1, MostParts));
        using Matrix partial = context.Allocate(parts * shape.Rows, shape.Columns);
        args.Parts = partial.Floats();
        (args.Period, args.Columns, args.Count, args.PartCount) = (shape.Rows, shape.Columns, each, (each + parts - 1) / parts);
        context.Device.Launch(Kernel, new LaunchGrid(across, parts, shape.Rows), args);

        Matrix y = context.Allocate(shape.Rows, shape.Columns); // [N, F]
        var epilogue = new Epilogue { Y = RowTarget.Of(y), Residual = sum.OptionalFloats(), Columns = shape.Columns };
        var join = new PartSumArgs { Parts = args.Parts, Count = parts, Rows = shape.Rows, Epilogue = epilogue };
        context.Device.Launch(PartSum.Kernel, PartSum.Groups(join), join);
        return y;
    }

    private static void Run(ColumnSumArgs g)
    {
        int column = Grid.IdxX * Threads + Group.IdxX, first = Grid.IdxY * g.PartCount;
        if (column >= g.Columns) return;
        int end = IntrinsicMath.Min(first + g.PartCount, g.Count);
        F4 sums = default; // each of every fourth row: shorter sums round less, and four loads overlap
        int r = first;
        for (; r + 4 <= end; r += 4)
        {
            sums.X += Value(g, r, column);
            sums.Y += Value(g, r + 1, column);
            sums.Z += Value(g, r + 2, column);
            sums.W += Value(g, r + 3, column);
        }

        for (; r < end; r++) sums.X += Value(g, r, column);
        g.Parts[((long)Grid.IdxY * g.Period + Grid.IdxZ) * g.Columns + column] = sums.X + sums.Y + (sums.Z + sums.W);
    }

    private static float Value(in ColumnSumArgs g, int r, int column)
    {
        long row = (long)r * g.Period + Grid.IdxZ, at = row * g.Columns + column;
        return g.Gradient.Length > 0 ? g.Gradient[at] * ((g.X[at] - g.Scales[2 * row]) * g.Scales[2 * row + 1]) : g.X[at];
    }
}

/// <summary>Arguments of sums down columns.</summary>
internal struct ColumnSumArgs
{
    public ArrayView<float> X, Gradient; // [T, F]; the second may be empty
    public ArrayView<float> Scales; // [T, 2]: mean, scale; or empty
    public ArrayView<float> Parts; // [parts, N, F]
    public int Period, Columns; // N, F
    public int Count, PartCount; // rows of each sum, of a part of it
}
