namespace VlmSharp.Compute.Operators;

/// <summary>
/// Selects rows, in any order, such as the rows that the head scores: one per sequence in generation.
/// <code>
/// y[i] = x[indices[i]]
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Rows">n rows of x.</param>
public readonly record struct SelectRows(Matrix X, Indices Rows) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.RequireRows(Rows, X.Rows, "SelectRows");
        return new MatrixShape(Rows.Count, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands) => operands.Add(X);

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) => to.Add(X, to.Backend.AddRows(dy, Rows, X.Rows));
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.SelectRows"/>
    /// <returns>[n, F].</returns>
    public static Matrix SelectRows(this IComputeBackend b, Matrix x, Indices rows) =>
        b.Run(new SelectRows(x, rows));
}
