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
        int panels = (rows + RegisterTile.Columns - 1) / RegisterTile.Columns;
        nint panelFloats = (nint)inputs * RegisterTile.Columns;
        using var packed = new Scratch(panels * panelFloats); // [panels, inputs, 16]
        for (int panel = 0; panel < panels; panel++)
            for (int k = 0; k < inputs; k++)
                for (int j = 0, t = panel * RegisterTile.Columns; j < RegisterTile.Columns && t + j < rows; j++)
                    packed.Floats[panel * panelFloats + k * RegisterTile.Columns + j] = x[(nint)(t + j) * inputs + k];

        float* c = stackalloc float[RegisterTile.Rows * RegisterTile.Columns];
        for (int n = 0; n < outputs; n += RegisterTile.Rows)
            for (int panel = 0; panel < panels; panel++)
            {
                int t = panel * RegisterTile.Columns;
                int tileRows = Math.Min(RegisterTile.Rows, outputs - n), tileColumns = Math.Min(RegisterTile.Columns, rows - t);
                new Span<float>(c, RegisterTile.Rows * RegisterTile.Columns).Clear();
                float* b = packed.Floats + panel * panelFloats;
                RegisterTile.MultiplyAdd(
                    w + (nint)n * inputs, inputs, tileRows, b, RegisterTile.Columns, c, RegisterTile.Columns, inputs);
                for (int j = 0; j < tileColumns; j++)
                    for (int i = 0; i < tileRows; i++) y[(nint)(t + j) * outputs + n + i] = c[i * RegisterTile.Columns + j];
            }
    }
}
