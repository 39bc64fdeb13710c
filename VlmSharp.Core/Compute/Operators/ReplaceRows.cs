namespace VlmSharp.Compute.Operators;

/// <summary>
/// Replaces rows by others, such as placeholders by image rows.
/// <code>
/// y = x, but y[targets[i]] = rows[i]
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Rows">[n, F].</param>
/// <param name="Targets">n distinct rows of x.</param>
public readonly record struct ReplaceRows(Matrix X, Matrix Rows, Indices Targets) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Rows.Rows == Targets.Count && Rows.Columns == X.Columns,
            $"ReplaceRows: x {X}, rows {Rows}, {Targets.Count} targets");
        Shapes.RequireRows(Targets, X.Rows, "ReplaceRows");
        return new MatrixShape(X.Rows, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(X);
        operands.Add(Rows);
    }

    /// <summary>The inserted rows get the gradient at their positions; the replaced rows get none.</summary>
    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        IComputeBackend b = to.Backend;
        if (to.Wants(Rows)) to.Add(Rows, b.SelectRows(dy, Targets));
        if (!to.Wants(X)) return;
        // Zeros, and not a product with 0, because 0 * NaN is NaN.
        using Matrix none = b.Upload(new float[Rows.Length], Rows.Rows, Rows.Columns); // [n, F]
        to.Add(X, b.ReplaceRows(dy, none, Targets));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.ReplaceRows"/>
    /// <returns>[T, F].</returns>
    public static Matrix ReplaceRows(this IComputeBackend b, Matrix x, Matrix rows, Indices targets) =>
        b.Run(new ReplaceRows(x, rows, targets));
}
