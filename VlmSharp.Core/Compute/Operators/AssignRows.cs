namespace VlmSharp.Compute.Operators;

/// <summary>
/// Writes numbers into a parameter, rounded to its storage format (nearest, ties to even). Used to resume a training. Changes the
/// parameter; has no result.
/// <code>
/// W[first + r] = X[r]
/// </code>
/// </summary>
/// <param name="Weight">W [out, in], F32 or BF16, in memory that may be written to.</param>
/// <param name="X">[R, in].</param>
/// <param name="First">The first row to write.</param>
public readonly record struct AssignRows(Weight Weight, Matrix X, int First = 0) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.RequireTrainable(Weight, "AssignRows");
        Shapes.Require(X.Columns == Weight.Columns && First >= 0 && First <= Weight.Rows - X.Rows,
            $"AssignRows: x {X}, weight {Weight}, from row {First}");
        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AssignRows"/>
    public static void AssignRows(this IComputeBackend b, Weight weight, Matrix x, int first = 0) =>
        b.Run(new AssignRows(weight, x, first));
}
