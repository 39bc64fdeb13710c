namespace VlmSharp.Compute.Operators;

/// <summary>
/// Adds rows at given indices (scatter-add): the gradient of <see cref="Embed"/> by its table, and of <see cref="SelectRows"/>. A row that
/// occurs more than once gets the sum, in the order of the indices.
/// <code>
/// y[r] = factor * (sum over the i with indices[i] = r of x[i]) + sum[r]
/// </code>
/// </summary>
/// <param name="X">[n, F].</param>
/// <param name="Indices">n rows of the result, in any order.</param>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Factor">The embedding's scale; 1 for rows that were only selected.</param>
/// <param name="Sum">[rows, F], or <c>default</c> for 0.</param>
public readonly record struct AddRows(Matrix X, Indices Indices, int Rows, float Factor = 1, Matrix Sum = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(X.Rows == Indices.Count && (!Sum.HasValue || (Sum.Rows == Rows && Sum.Columns == X.Columns)),
            $"AddRows: x {X}, {Indices.Count} indices, {Rows} rows, sum {Sum}");
        Shapes.RequireRows(Indices, Rows, "AddRows");
        return new MatrixShape(Rows, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AddRows"/>
    /// <returns>[rows, F].</returns>
    public static Matrix AddRows(this IComputeBackend b, Matrix x, Indices indices, int rows, float factor = 1, Matrix sum = default) =>
        b.Run(new AddRows(x, indices, rows, factor, sum));
}
