namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="LayerNorm"/> by its input, for each row. Shifting or scaling x does not change y, so the parts of the
/// gradient in these directions are removed.
/// <code>
/// r = 1 / sqrt(var(x) + eps)      n = (x - mean(x)) * r      g = dY * weight
/// dX = r * (g - mean(g) - n * mean(g * n))
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, F].</param>
/// <param name="X">[T, F].</param>
/// <param name="Weight">[F].</param>
/// <param name="Epsilon">eps of the forward pass.</param>
public readonly record struct LayerNormInputGradient(Matrix Gradient, Matrix X, Weight Weight, float Epsilon) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(X) && Weight.IsVector(X.Columns),
            $"LayerNormInputGradient: gradient {Gradient}, x {X}, weight {Weight}");
        return new MatrixShape(X.Rows, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.LayerNormInputGradient"/>
    /// <returns>dX [T, F].</returns>
    public static Matrix LayerNormInputGradient(this IComputeBackend b, Matrix gradient, Matrix x, Weight weight, float epsilon) =>
        b.Run(new LayerNormInputGradient(gradient, x, weight, epsilon));
}
