namespace VlmSharp.Compute.Operators;

/// <summary>
/// The sum of two matrices, for example of two gradients of the same matrix.
/// <code>
/// y = a + b      dA = dB = dY
/// </code>
/// </summary>
/// <param name="A">[T, F].</param>
/// <param name="B">[T, F].</param>
public readonly record struct Add(Matrix A, Matrix B) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(A.SameShape(B), $"Add: a {A}, b {B}");
        return new MatrixShape(A.Rows, A.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(A);
        operands.Add(B);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        if (to.Wants(A)) to.Add(A, dy.Retain());
        if (to.Wants(B)) to.Add(B, dy.Retain());
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Add"/>
    /// <returns>[T, F].</returns>
    public static Matrix Add(this IComputeBackend b, Matrix a, Matrix other) => b.Run(new Add(a, other));
}
