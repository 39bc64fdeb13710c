namespace VlmSharp.Compute.Operators;

/// <summary>
/// A multiple of a matrix. It is linear, so its gradient is the same operator.
/// <code>
/// y = factor * x      dX = factor * dY
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Factor">Any number.</param>
public readonly record struct Scale(Matrix X, float Factor) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check() => new MatrixShape(X.Rows, X.Columns);

    /// <inheritdoc/>
    public void Operands(IOperands operands) => operands.Add(X);

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) => to.Add(X, to.Backend.Scale(dy, Factor));
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Scale"/>
    /// <returns>[T, F].</returns>
    public static Matrix Scale(this IComputeBackend b, Matrix x, float factor) => b.Run(new Scale(x, factor));
}
