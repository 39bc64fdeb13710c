using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 3, the register tile: 6 outputs of 16 tokens are computed together (<see cref="RegisterTile"/>), so that 12 chains run side by
/// side and every number that is loaded is used several times. The registers run along t now, so x is transposed first: 16 tokens of
/// one k are then neighbors.
/// <code>
/// x^T [k, t]:  row k holds all tokens           the tile reads 16 numbers of it,
///              . . . . [16 of them] . . . .     then goes down one row: one page of memory further, or a quarter of one
/// </code>
/// The arithmetic is as good as it gets. The way through memory is not: the tile walks down a column, every few steps on another page,
/// and the processor's table of pages (TLB) and its prefetchers were made for reading straight on.
/// </summary>
public static unsafe class Rung3RegisterTile
{
    /// <summary>y = x W^T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        (int rows, int outputs, int inputs) = shape;
        int width = Panels.Width(rows);
        using var transposed = new Scratch((long)inputs * width);
        float* across = transposed.Floats; // [inputs, width]
        for (int t = 0; t < rows; t += RegisterTile.Columns)
            Panels.Transpose(x + (nint)t * inputs, inputs, Math.Min(RegisterTile.Columns, rows - t), inputs, across + t, width);

        float* c = stackalloc float[RegisterTile.Rows * RegisterTile.Columns];
        for (int n = 0; n < outputs; n += RegisterTile.Rows)
            for (int t = 0; t < rows; t += RegisterTile.Columns)
            {
                int tileRows = Math.Min(RegisterTile.Rows, outputs - n), tileColumns = Math.Min(RegisterTile.Columns, rows - t);
                new Span<float>(c, RegisterTile.Rows * RegisterTile.Columns).Clear();
                RegisterTile.MultiplyAdd(w + (nint)n * inputs, inputs, tileRows, across + t, width, c, RegisterTile.Columns, inputs);
                Panels.Transpose(c, RegisterTile.Columns, tileRows, tileColumns, y + (nint)t * outputs + n, outputs);
            }
    }
}
