namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="RmsNorm"/> by its gain.
/// <code>
/// dWeight[f] = sum_t dY[t, f] x[t, f] / sqrt(mean(x[t]^2) + eps) + sum[f]
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, F].</param>
/// <param name="X">[T, F].</param>
/// <param name="Epsilon">eps of the forward pass.</param>
/// <param name="Sum">[1, F], or <c>default</c> for 0.</param>
public readonly record struct RmsNormGainGradient(Matrix Gradient, Matrix X, float Epsilon, Matrix Sum = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.SameShape(X) && (!Sum.HasValue || (Sum.Rows == 1 && Sum.Columns == X.Columns)),
            $"RmsNormGainGradient: gradient {Gradient}, x {X}, sum {Sum}");
        return new MatrixShape(1, X.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.RmsNormGainGradient"/>
    /// <returns>dWeight [1, F].</returns>
    public static Matrix RmsNormGainGradient(this IComputeBackend b, Matrix gradient, Matrix x, float epsilon, Matrix sum = default) =>
        b.Run(new RmsNormGainGradient(gradient, x, epsilon, sum));
}
