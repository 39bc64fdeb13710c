namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="CrossEntropy"/> by the head.
/// <code>
/// dW[v] = sum_t dz_tv x_t + sum[v]
/// </code>
/// with dz as in <see cref="CrossEntropyInputGradient"/>.
/// </summary>
/// <param name="Gradient">[n, 2]: dLoss, and a column that is not read.</param>
/// <param name="Loss">The operator with its arguments.</param>
/// <param name="Y">Its result, [n, 2].</param>
/// <param name="Sum">[V, h], or <c>default</c> for 0.</param>
public readonly record struct CrossEntropyWeightGradient(Matrix Gradient, CrossEntropy Loss, Matrix Y, Matrix Sum = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(Y) && Y.Rows == Loss.X.Rows && Y.Columns == 2
            && (!Sum.HasValue || (Sum.Rows == Loss.Weight.Rows && Sum.Columns == Loss.X.Columns)),
            $"CrossEntropyWeightGradient: gradient {Gradient}, y {Y}, x {Loss.X}, weight {Loss.Weight}, sum {Sum}");
        return new MatrixShape(Loss.Weight.Rows, Loss.X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.CrossEntropyWeightGradient"/>
    /// <returns>dW [V, h].</returns>
    public static Matrix CrossEntropyWeightGradient(
        this IComputeBackend b, Matrix gradient, in CrossEntropy loss, Matrix y, Matrix sum = default) =>
        b.Run(new CrossEntropyWeightGradient(gradient, loss, y, sum));
}
