using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 4, packed panels: the transposed x is cut into strips of 16 tokens, and each strip is stored by itself, so that what a tile reads
/// is one run of memory from front to back.
/// <code>
/// x^T [k, t]:   | panel 0 | panel 1 | ...        stored as   panel 0: k = 0: 16 numbers, k = 1: 16 numbers, ...
///               | 16 wide | 16 wide |                        panel 1: ...
/// </code>
/// Compared with rung 3 only the place of an element has changed, and with it the distance between the rows of b: 16 floats, one cache
/// line. Packing costs one pass over x and pays for itself because each panel is read once for every 6 outputs.
/// </summary>
public static unsafe class Rung4PackedPanels
{
    /// <summary>y = x W^T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        (int rows, int outputs, int inputs) = shape;
        using var packed = new Scratch((long)Panels.Width(rows) * inputs); // [panels, inputs, 16]
        for (int t = 0; t < rows; t += RegisterTile.Columns)
            Panels.Transpose(
                x + (nint)t * inputs, inputs, Math.Min(RegisterTile.Columns, rows - t), inputs,
                packed.Floats + (nint)t * inputs, RegisterTile.Columns);

        float* c = stackalloc float[RegisterTile.Rows * RegisterTile.Columns];
        for (int n = 0; n < outputs; n += RegisterTile.Rows)
            for (int t = 0; t < rows; t += RegisterTile.Columns)
            {
                int tileRows = Math.Min(RegisterTile.Rows, outputs - n), tileColumns = Math.Min(RegisterTile.Columns, rows - t);
                new Span<float>(c, RegisterTile.Rows * RegisterTile.Columns).Clear();
                RegisterTile.MultiplyAdd(
                    w + (nint)n * inputs, inputs, tileRows,
                    packed.Floats + (nint)t * inputs, RegisterTile.Columns, c, RegisterTile.Columns, inputs);
                Panels.Transpose(c, RegisterTile.Columns, tileRows, tileColumns, y + (nint)t * outputs + n, outputs);
            }
    }
}
