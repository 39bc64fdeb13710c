using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 5, blocks for the caches. On rung 4 the tiles of 6 outputs read all of x, and those of the next 6 outputs read it again: 17 MB for
/// 1024 tokens with 4304 inputs, which no near cache holds. Now k is cut into blocks of 256 and the outputs into blocks of 96:
/// <code>
/// first level   a panel [256, 16] of x, 16 KB, stays while all the tiles of a block of W use it, 6 KB each
/// second level  the block [96, 256] of W, 96 KB, and the sums [96, rows], 144 KB for 384 rows, stay for all panels
/// beyond        x streams past once for each 96 outputs: 4 bytes for 192 operations
/// </code>
/// More than 384 rows are computed in parts, so that the sums stay small. The price is that sums are no longer finished in the
/// registers: each tile adds its part of k to sums in memory.
/// </summary>
public static unsafe class Rung5CacheBlocks
{
    /// <summary>Inputs of a block.</summary>
    public const int InputBlock = 256;

    /// <summary>Outputs of a block: whole tiles.</summary>
    public const int OutputBlock = 96;

    /// <summary>Rows of a part.</summary>
    public const int MostRows = 384;

    /// <summary>y = x W^T.</summary>
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        using var packed = new Scratch(PackedFloats(shape));
        using var scratch = new Scratch(BlockFloats(shape));
        for (int t = 0; t < shape.Rows; t += MostRows)
        {
            ProductShape part = Part(shape, t);
            for (int panel = 0; panel < Panels(part); panel++) Pack(x + (nint)t * shape.Inputs, part, panel, packed.Floats);
            for (int block = 0; block < OutputBlocks(part); block++)
                MultiplyBlock(packed.Floats, w, y + (nint)t * shape.Outputs, part, block, scratch.Floats);
        }
    }

    /// <summary>The rows from t on, 384 of them at the most.</summary>
    internal static ProductShape Part(ProductShape shape, int t) => shape with { Rows = Math.Min(MostRows, shape.Rows - t) };

    internal static int Panels(ProductShape shape) => (shape.Rows + RegisterTile.Columns - 1) / RegisterTile.Columns;

    internal static int OutputBlocks(ProductShape shape) => (shape.Outputs + OutputBlock - 1) / OutputBlock;

    internal static long PackedFloats(ProductShape shape) => (long)Panels(Part(shape, 0)) * RegisterTile.Columns * shape.Inputs;

    internal static long BlockFloats(ProductShape shape) =>
        OutputBlock * (InputBlock + (long)Panels(Part(shape, 0)) * RegisterTile.Columns);

    // Block k of inputs holds all its panels side by side, and then the next block begins: [inputs / 256][panels][256][16].
    private static float* Panel(float* packed, ProductShape shape, int k, int panel) =>
        packed + ((nint)k * Panels(shape) + (nint)panel * Math.Min(InputBlock, shape.Inputs - k)) * RegisterTile.Columns;

    /// <summary>Brings 16 rows of x into panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Pack(float* x, ProductShape shape, int panel, float* packed)
    {
        int t = panel * RegisterTile.Columns, count = Math.Min(RegisterTile.Columns, shape.Rows - t);
        for (int start = 0; start < shape.Inputs; start += InputBlock)
        {
            float* target = Panel(packed, shape, start, panel);
            for (int k = start; k < Math.Min(start + InputBlock, shape.Inputs); k++, target += RegisterTile.Columns)
                for (int j = 0; j < count; j++) target[j] = x[(nint)(t + j) * shape.Inputs + k];
        }
    }

    /// <summary>96 outputs of all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void MultiplyBlock(float* packed, float* w, float* y, ProductShape shape, int block, float* scratch)
    {
        (int rows, int outputs, int inputs) = shape;
        int first = block * OutputBlock, count = Math.Min(OutputBlock, outputs - first), width = Panels(shape) * RegisterTile.Columns;
        float* wBlock = scratch, sums = scratch + OutputBlock * InputBlock; // [96, 256], [96, width]
        new Span<float>(sums, count * width).Clear();
        for (int k = 0; k < inputs; k += InputBlock)
        {
            int length = Math.Min(InputBlock, inputs - k);
            for (int i = 0; i < count; i++) // the block's rows lie far apart in W, and side by side here
                new Span<float>(w + (nint)(first + i) * inputs + k, length).CopyTo(new Span<float>(wBlock + i * InputBlock, length));
            for (int panel = 0; panel < Panels(shape); panel++)
                for (int i = 0; i < count; i += RegisterTile.Rows)
                    RegisterTile.MultiplyAdd(
                        wBlock + i * InputBlock, InputBlock, Math.Min(RegisterTile.Rows, count - i),
                        Panel(packed, shape, k, panel), RegisterTile.Columns,
                        sums + (nint)i * width + panel * RegisterTile.Columns, width, length);
        }

        for (int t = 0; t < rows; t++)
            for (int i = 0; i < count; i++) y[(nint)t * outputs + first + i] = sums[(nint)i * width + t];
    }
}
