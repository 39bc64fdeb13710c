namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Linear"/> by its input: the product with the transposed weight.
/// <code>
/// dX[t, i] = sum_o dY[t, o] W[o, i]
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, out].</param>
/// <param name="Weight">W [out, in], of any storage format.</param>
public readonly record struct LinearInputGradient(Matrix Gradient, Weight Weight) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.Columns == Weight.Rows, $"LinearInputGradient: gradient {Gradient}, weight {Weight}");
        return new MatrixShape(Gradient.Rows, Weight.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.LinearInputGradient"/>
    /// <returns>dX [T, in].</returns>
    public static Matrix LinearInputGradient(this IComputeBackend b, Matrix gradient, Weight weight) =>
        b.Run(new LinearInputGradient(gradient, weight));
}
