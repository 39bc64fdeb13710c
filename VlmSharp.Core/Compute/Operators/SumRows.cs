namespace VlmSharp.Compute.Operators;

/// <summary>
/// The sum over all rows, or over every N-th row. It is the gradient of a bias, which is added to every row, and with N patches the
/// gradient of the positions.
/// <code>
/// y[p] = sum over r = 0, 1, ... of x[r N + p]  + sum[p]
/// </code>
/// </summary>
/// <param name="X">[r * N, F].</param>
/// <param name="Period">N, which divides the rows.</param>
/// <param name="Sum">[N, F], or <c>default</c> for 0.</param>
public readonly record struct SumRows(Matrix X, int Period = 1, Matrix Sum = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Period > 0 && X.Rows % Period == 0 && (!Sum.HasValue || (Sum.Rows == Period && Sum.Columns == X.Columns)),
            $"SumRows: x {X}, period {Period}, sum {Sum}");
        return new MatrixShape(Period, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.SumRows"/>
    /// <returns>[N, F].</returns>
    public static Matrix SumRows(this IComputeBackend b, Matrix x, int period = 1, Matrix sum = default) =>
        b.Run(new SumRows(x, period, sum));
}
