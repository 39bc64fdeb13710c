namespace VlmSharp.Gpu.Kernels.Products;

/// <summary>
/// How a product is divided among groups. The plan depends on x, on the whole weight and on the device, but not on which rows of the weight
/// are requested, so that some outputs of a layer are the same numbers as in the whole product.
/// </summary>
/// <param name="TileRows">Rows of x that a group computes together.</param>
/// <param name="Steps">Steps along the depth.</param>
/// <param name="PartSteps">Steps that one group takes; the last part may have fewer.</param>
internal readonly record struct ProductPlan(int TileRows, int Steps, int PartSteps)
{
    private const int FewestSteps = 4, MostParts = 16;

    /// <summary>The number of parts that the depth is divided into.</summary>
    public int Parts => Math.Max(1, (Steps + PartSteps - 1) / PartSteps); // a product of depth 0 has one part, of zeros

    /// <summary>Whether rows are processed one by one; W is then read again for each.</summary>
    public static bool IsByRows<TCore>(int rows) where TCore : struct, ICore => rows <= (TCore.MultipliesBFloat16 ? 1 : 4);

    /// <summary>
    /// The plan of a product by tiles: the smallest tile that holds all rows, or the largest that leaves no processor idle. If there are
    /// still too few groups, the depth is divided.
    /// </summary>
    /// <param name="rows">T.</param>
    /// <param name="eights">Eights of a row of x.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="processors">Multiprocessors of the device.</param>
    public static ProductPlan Of<TCore>(int rows, int eights, int outputs, int processors) where TCore : struct, ICore
    {
        long across = (outputs + TCore.TileColumns - 1) / TCore.TileColumns;
        int tile = ProductKernels<TCore>.Tiles[0];
        foreach (int larger in ProductKernels<TCore>.Tiles.Skip(1))
        {
            if (rows <= tile || (rows + larger - 1) / larger * across < processors) break;
            tile = larger;
        }

        long groups = (rows + tile - 1) / tile * across;
        int steps = (eights + TCore.StepEights - 1) / TCore.StepEights;
        int parts = (int)Math.Clamp(processors / Math.Max(1, groups), 1, Math.Clamp(steps / FewestSteps, 1, MostParts));
        return new ProductPlan(tile, steps, Math.Max(1, (steps + parts - 1) / parts));
    }
}
