namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="RmsNorm"/> by its input, for each row. Scaling x does not change y, so the part of the gradient in the
/// direction of x is removed.
/// <code>
/// r = 1 / sqrt(mean(x^2) + eps)      g = dY * (1 + weight)
/// dX = r * (g - x * r^2 * mean(g * x))
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, F].</param>
/// <param name="X">[T, F].</param>
/// <param name="Weight">[F].</param>
/// <param name="Epsilon">eps of the forward pass.</param>
public readonly record struct RmsNormInputGradient(Matrix Gradient, Matrix X, Weight Weight, float Epsilon) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(X) && Weight.IsVector(X.Columns),
            $"RmsNormInputGradient: gradient {Gradient}, x {X}, weight {Weight}");
        return new MatrixShape(X.Rows, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.RmsNormInputGradient"/>
    /// <returns>dX [T, F].</returns>
    public static Matrix RmsNormInputGradient(this IComputeBackend b, Matrix gradient, Matrix x, Weight weight, float epsilon) =>
        b.Run(new RmsNormInputGradient(gradient, x, weight, epsilon));
}
