using ILGPU;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// Adds the parts of a product whose depth was divided among groups, always in the same order, so that results do not depend on which group
/// finishes first.
/// </summary>
internal static class PartSum
{
    private const int Threads = 128;

    public static readonly Kernel<PartSumArgs> Kernel = new("sum of a product's parts", Run, Threads);

    /// <summary>The groups needed: a thread for each number of y, including padding.</summary>
    public static LaunchGrid Groups(in PartSumArgs args) => new((args.Epilogue.Y.PaddedColumns + Threads - 1) / Threads, args.Rows);

    private static void Run(PartSumArgs g)
    {
        int column = Grid.IdxX * Threads + Group.IdxX, row = Grid.IdxY;
        float sum = 0;
        if (column < g.Epilogue.Columns)
        {
            for (int part = 0; part < g.Count; part++) sum += g.Parts[((long)part * g.Rows + row) * g.Epilogue.Columns + column];
        }

        g.Epilogue.Finish(row, column, sum);
    }
}

/// <summary>Arguments of the sum.</summary>
internal struct PartSumArgs
{
    public ArrayView<float> Parts; // [parts, T, columns]
    public int Count, Rows; // parts, T
    public Epilogue Epilogue;
}
