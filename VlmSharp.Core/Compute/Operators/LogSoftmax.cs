namespace VlmSharp.Compute.Operators;

/// <summary>
/// Log-softmax of each row. Subtracting the maximum prevents an overflow of exp.
/// <code>
/// y = x - max(x) - log(sum(exp(x - max(x))))
/// </code>
/// </summary>
/// <param name="X">[T, V].</param>
public readonly record struct LogSoftmax(Matrix X) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        return new MatrixShape(X.Rows, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.LogSoftmax"/>
    /// <returns>[T, V].</returns>
    public static Matrix LogSoftmax(this IComputeBackend b, Matrix x) =>
        b.Run(new LogSoftmax(x));
}
