namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// The sizes of y = x W^T, where all three are stored row after row: x [Rows, Inputs], W [Outputs, Inputs], y [Rows, Outputs].
/// </summary>
/// <param name="Rows">Tokens, t.</param>
/// <param name="Outputs">Rows of W, n.</param>
/// <param name="Inputs">The length of the sums, k.</param>
public readonly record struct ProductShape(int Rows, int Outputs, int Inputs)
{
    /// <summary>Floating-point operations: a multiplication and an addition for each term of each sum.</summary>
    public double Flops => 2.0 * Rows * Outputs * Inputs;
}
