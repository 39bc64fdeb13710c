namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>The rungs of the matrix product, from the equation upwards.</summary>
public static unsafe class ProductLadder
{
    /// <summary>y [Rows, Outputs] = x [Rows, Inputs] W^T [Inputs, Outputs].</summary>
    public delegate void Product(float* x, float* w, float* y, ProductShape shape);

    /// <summary>All of them, in their order.</summary>
    public static IReadOnlyList<(string Name, Product Multiply)> Rungs { get; } =
    [
        ("the equation", Rung1Equation.Multiply),
        ("vectors", Rung2Vectors.Multiply),
        ("a register tile", Rung3RegisterTile.Multiply),
        ("packed panels", Rung4PackedPanels.Multiply),
        ("blocks of inputs", Rung5InputBlocks.Multiply),
        ("blocks of outputs", Rung6OutputBlocks.Multiply),
        ("threads", Rung7Threads.Multiply),
    ];
}
