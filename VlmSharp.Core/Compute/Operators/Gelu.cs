namespace VlmSharp.Compute.Operators;

/// <summary>
/// GELU in its tanh form (Hendrycks and Gimpel 2016), as an operator of its own; <see cref="Linear"/> can also apply it to its product.
/// <code>
/// y = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
public readonly record struct Gelu(Matrix X) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check() => new MatrixShape(X.Rows, X.Columns);

    /// <inheritdoc/>
    public void Operands(IOperands operands) => operands.Add(X);

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) => to.Add(X, to.Backend.GeluGradient(dy, X));
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Gelu"/>
    /// <returns>[T, F].</returns>
    public static Matrix Gelu(this IComputeBackend b, Matrix x) => b.Run(new Gelu(x));
}
