namespace VlmSharp.Compute.Operators;

/// <summary>
/// Puts rows in the place of others: the image rows take the place of their placeholders.
/// <code>
/// y = x, but y[targets[i]] = rows[i]
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Rows">[n, F].</param>
/// <param name="Targets">n distinct rows of x.</param>
public readonly record struct ReplaceRows(Matrix X, Matrix Rows, Indices Targets) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Rows.Rows == Targets.Count && Rows.Columns == X.Columns, $"ReplaceRows: x {X}, rows {Rows}, {Targets.Count} targets");
        Shapes.RequireRows(Targets, X.Rows, "ReplaceRows");
        return new MatrixShape(X.Rows, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.ReplaceRows"/>
    /// <returns>[T, F].</returns>
    public static Matrix ReplaceRows(this IComputeBackend b, Matrix x, Matrix rows, Indices targets) =>
        b.Run(new ReplaceRows(x, rows, targets));
}
