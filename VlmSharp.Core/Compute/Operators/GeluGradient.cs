namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Gelu"/>, or with a factor the gradient of <see cref="GatedGelu"/> by its gate.
/// <code>
/// dX = dY * factor * gelu'(x)
/// gelu'(x) = (1 + t)/2 + x/2 * (1 - t^2) * u'    t = tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3), u' = sqrt(2/pi) (1 + 0.134145 x^2)
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, F].</param>
/// <param name="X">[T, F].</param>
/// <param name="Factor">[T, F], or <c>default</c> for 1.</param>
public readonly record struct GeluGradient(Matrix Gradient, Matrix X, Matrix Factor = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(X) && (!Factor.HasValue || Factor.SameShape(X)),
            $"GeluGradient: gradient {Gradient}, x {X}, factor {Factor}");
        return new MatrixShape(X.Rows, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.GeluGradient"/>
    /// <returns>dX [T, F].</returns>
    public static Matrix GeluGradient(this IComputeBackend b, Matrix gradient, Matrix x, Matrix factor = default) =>
        b.Run(new GeluGradient(gradient, x, factor));
}
