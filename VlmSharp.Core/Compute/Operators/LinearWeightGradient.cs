namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Linear"/> by its weight, added to the sum over other rows.
/// <code>
/// dW[o, i] = sum_t dY[t, o] X[t, i] + sum[o, i]
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, out].</param>
/// <param name="X">[T, in].</param>
/// <param name="Sum">[out, in], or <c>default</c> for 0.</param>
public readonly record struct LinearWeightGradient(Matrix Gradient, Matrix X, Matrix Sum = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.Rows == X.Rows && (!Sum.HasValue || (Sum.Rows == Gradient.Columns && Sum.Columns == X.Columns)),
            $"LinearWeightGradient: gradient {Gradient}, x {X}, sum {Sum}");
        return new MatrixShape(Gradient.Columns, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.LinearWeightGradient"/>
    /// <returns>dW [out, in].</returns>
    public static Matrix LinearWeightGradient(this IComputeBackend b, Matrix gradient, Matrix x, Matrix sum = default) =>
        b.Run(new LinearWeightGradient(gradient, x, sum));
}
