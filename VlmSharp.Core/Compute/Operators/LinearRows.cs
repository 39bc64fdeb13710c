namespace VlmSharp.Compute.Operators;

/// <summary>
/// Some outputs of a linear layer, such as the head's scores of the tokens that may come next. Every number is equal, bit for bit, to that
/// of <see cref="Linear"/> on the same x, so leaving outputs out does not change the others.
/// <code>
/// y[t, i] = sum_j x[t, j] W[rows[i], j]
/// </code>
/// </summary>
/// <param name="X">[T, in].</param>
/// <param name="Weight">W [out, in].</param>
/// <param name="Rows">n rows of the weight, in any order.</param>
public readonly record struct LinearRows(Matrix X, Weight Weight, Indices Rows) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(X.Columns == Weight.Columns, $"LinearRows: x {X}, weight {Weight}");
        Shapes.RequireRows(Rows, Weight.Rows, "LinearRows");
        return new MatrixShape(X.Rows, Rows.Count);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.LinearRows"/>
    /// <returns>[T, n].</returns>
    public static Matrix LinearRows(this IComputeBackend b, Matrix x, Weight weight, Indices rows) =>
        b.Run(new LinearRows(x, weight, rows));
}
