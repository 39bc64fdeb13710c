namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="CrossEntropy"/> by its input.
/// <code>
/// dz_v = dLoss * (exp(z_v - l) - (1 - s) [v = target] - s/V) * (1 - (z_v / cap)^2)      the last factor only with a cap
/// dX = sum_v dz_v W[v]
/// </code>
/// </summary>
/// <param name="Gradient">[n, 2]: dLoss, and a column that is not read.</param>
/// <param name="Loss">The operator with its arguments.</param>
/// <param name="Y">Its result, [n, 2].</param>
public readonly record struct CrossEntropyInputGradient(Matrix Gradient, CrossEntropy Loss, Matrix Y) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(Y) && Y.Rows == Loss.X.Rows && Y.Columns == 2,
            $"CrossEntropyInputGradient: gradient {Gradient}, y {Y}, x {Loss.X}");
        return new MatrixShape(Loss.X.Rows, Loss.X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.CrossEntropyInputGradient"/>
    /// <returns>dX [n, h].</returns>
    public static Matrix CrossEntropyInputGradient(this IComputeBackend b, Matrix gradient, in CrossEntropy loss, Matrix y) =>
        b.Run(new CrossEntropyInputGradient(gradient, loss, y));
}
