namespace VlmSharp.Compute.Operators;

/// <summary>
/// Soft-cap (Gemma 2, section 2), a smooth clip to (-cap, cap).
/// <code>
/// y = cap * tanh(x / cap)
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Cap">The bound, above 0.</param>
public readonly record struct SoftCap(Matrix X, float Cap) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Cap > 0, $"SoftCap: cap {Cap} is not above 0");
        return new MatrixShape(X.Rows, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands) => operands.Add(X);

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) => to.Add(X, to.Backend.SoftCapGradient(dy, y, Cap));
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.SoftCap"/>
    /// <returns>[T, F].</returns>
    public static Matrix SoftCap(this IComputeBackend b, Matrix x, float cap) =>
        b.Run(new SoftCap(x, cap));
}
