using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 5, blocks of inputs, for the first-level cache. On rung 4 the tiles of 6 outputs read all of x, 17 MB for 1024 tokens with 4304
/// inputs, and those of the next 6 outputs read it again. Even one panel is 275 KB, and a first-level cache has 32 to 48. Now k is cut
/// into blocks of 256, and all outputs use a block of a panel before the next one is read:
/// <code>
/// for each 256 inputs, for each panel, for each 6 outputs:      a panel [256, 16], 16 KB, stays for all outputs
///                                                               each tile brings 6 KB of W: 6 rows of 256
/// </code>
/// The price is that sums are no longer finished in the registers: each tile adds its part of k to sums in memory.
/// </summary>
public static unsafe class Rung5InputBlocks
{
    /// <summary>y = x W^T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        (int rows, int outputs, int inputs) = shape;
        int panels = Panels.Count(rows);
        using var packed = new PackedRows(rows, inputs);
        using var memory = new Scratch((long)outputs * Panels.Width(rows));
        float* sums = memory.Floats; // [panels, outputs, 16]
        for (int panel = 0; panel < panels; panel++) packed.Pack(x, rows, panel);
        for (int k = 0; k < inputs; k += PackedRows.InputBlock)
            for (int panel = 0; panel < panels; panel++)
                for (int n = 0; n < outputs; n += RegisterTile.Rows)
                    RegisterTile.MultiplyAdd(
                        w + (nint)n * inputs + k, inputs, Math.Min(RegisterTile.Rows, outputs - n),
                        packed.Panel(k, panel), RegisterTile.Columns,
                        sums + ((nint)panel * outputs + n) * RegisterTile.Columns, RegisterTile.Columns,
                        Math.Min(PackedRows.InputBlock, inputs - k));

        for (int t = 0; t < rows; t += RegisterTile.Columns)
            Panels.Transpose(
                sums + (nint)t * outputs, RegisterTile.Columns, outputs, Math.Min(RegisterTile.Columns, rows - t),
                y + (nint)t * outputs, outputs);
    }
}
