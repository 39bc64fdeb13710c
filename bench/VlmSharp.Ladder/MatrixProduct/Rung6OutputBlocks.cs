using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 6, blocks of outputs, for the second-level cache. On rung 5 each panel meets all of W, 256 inputs of 1152 outputs, and all sums:
/// 1.2 and 4.7 MB that stream past again and again. Now the outputs are cut into blocks of 96, and at most 384 rows are computed at a time:
/// <code>
/// first level   a panel [256, 16] of x, 16 KB, stays while all the tiles of a block of W use it, 6 KB each
/// second level  the block [96, 256] of W, 96 KB, and the sums [96, rows], 144 KB for 384 rows, stay for all panels
/// beyond        x streams past once for each 96 outputs: 4 bytes for 192 operations
/// </code>
/// </summary>
public static unsafe class Rung6OutputBlocks
{
    /// <summary>Outputs of a block: whole tiles.</summary>
    public const int OutputBlock = 96;

    /// <summary>Rows that are computed at a time.</summary>
    public const int MostRows = 384;

    private const int InputBlock = PackedRows.InputBlock, Columns = RegisterTile.Columns;

    /// <summary>Floats of scratch memory that a block needs: the block of W and its sums.</summary>
    public const int BlockFloats = OutputBlock * (InputBlock + MostRows);

    /// <summary>y = x W^T.</summary>
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        using var packed = new PackedRows(Math.Min(MostRows, shape.Rows), shape.Inputs);
        using var scratch = new Scratch(BlockFloats);
        for (int t = 0; t < shape.Rows; t += MostRows)
        {
            ProductShape part = shape with { Rows = Math.Min(MostRows, shape.Rows - t) };
            for (int panel = 0; panel < Panels.Count(part.Rows); panel++) packed.Pack(x + (nint)t * shape.Inputs, part.Rows, panel);
            for (int n = 0; n < shape.Outputs; n += OutputBlock)
                MultiplyBlock(packed, w, y + (nint)t * shape.Outputs, part, n, scratch.Floats);
        }
    }

    /// <summary>The 96 outputs from n on, of all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void MultiplyBlock(PackedRows packed, float* w, float* y, ProductShape shape, int n, float* scratch)
    {
        (int rows, int outputs, int inputs) = shape;
        int count = Math.Min(OutputBlock, outputs - n);
        float* wBlock = scratch, sums = scratch + OutputBlock * InputBlock; // [96, 256], [panels, 96, 16]
        new Span<float>(sums, OutputBlock * Panels.Width(rows)).Clear();
        for (int k = 0; k < inputs; k += InputBlock)
        {
            int length = Math.Min(InputBlock, inputs - k);
            for (int i = 0; i < count; i++) // the block's rows lie far apart in W, and side by side here
                new Span<float>(w + (nint)(n + i) * inputs + k, length).CopyTo(new Span<float>(wBlock + i * InputBlock, length));
            for (int panel = 0; panel < Panels.Count(rows); panel++)
                for (int i = 0; i < count; i += RegisterTile.Rows)
                    RegisterTile.MultiplyAdd(
                        wBlock + i * InputBlock, InputBlock, Math.Min(RegisterTile.Rows, count - i),
                        packed.Panel(k, panel), Columns, sums + (panel * OutputBlock + i) * Columns, Columns, length);
        }

        for (int t = 0; t < rows; t += Columns)
            Panels.Transpose(sums + t * OutputBlock, Columns, count, Math.Min(Columns, rows - t), y + (nint)t * outputs + n, outputs);
    }
}
