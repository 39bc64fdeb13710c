namespace VlmSharp.Compute.Operators;

/// <summary>
/// The square of the Euclidean norm of a matrix, added to the result for other matrices. A chain of calls gives the squared norm of a whole
/// gradient, which clipping needs. It is summed in pieces of a fixed length and always in the same order, so the bits are the same for any
/// number of threads.
/// <code>
/// y = before + sum_tf X[t, f]^2
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Before">[1, 1] or <c>default</c> for 0.</param>
public readonly record struct SumOfSquares(Matrix X, Matrix Before = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(!Before.HasValue || Before.Length == 1, $"SumOfSquares: x {X}, before {Before}");
        return new MatrixShape(1, 1);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.SumOfSquares"/>
    /// <returns>[1, 1].</returns>
    public static Matrix SumOfSquares(this IComputeBackend b, Matrix x, Matrix before = default) => b.Run(new SumOfSquares(x, before));
}
