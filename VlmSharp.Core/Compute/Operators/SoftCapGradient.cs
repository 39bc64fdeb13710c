namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="SoftCap"/>, from its result.
/// <code>
/// dX = dY * (1 - (y / cap)^2)
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, F].</param>
/// <param name="Y">The soft-cap's result, [T, F].</param>
/// <param name="Cap">The bound of the forward pass, above 0.</param>
public readonly record struct SoftCapGradient(Matrix Gradient, Matrix Y, float Cap) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(Y) && Cap > 0, $"SoftCapGradient: gradient {Gradient}, y {Y}, cap {Cap}");
        return new MatrixShape(Y.Rows, Y.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.SoftCapGradient"/>
    /// <returns>dX [T, F].</returns>
    public static Matrix SoftCapGradient(this IComputeBackend b, Matrix gradient, Matrix y, float cap) =>
        b.Run(new SoftCapGradient(gradient, y, cap));
}
