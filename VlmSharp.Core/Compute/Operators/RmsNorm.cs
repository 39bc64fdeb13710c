namespace VlmSharp.Compute.Operators;

/// <summary>
/// RMSNorm (Zhang and Sennrich 2019) of each row. Gemma stores the gain minus 1.
/// <code>
/// y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Weight">[F].</param>
/// <param name="Epsilon">eps, which keeps rows of zeros from a division by 0; 1e-6 in Gemma.</param>
/// <param name="Residual">[T, F] or <c>default</c>.</param>
public readonly record struct RmsNorm(Matrix X, Weight Weight, float Epsilon, Matrix Residual = default) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Weight.IsVector(X.Columns) && (!Residual.HasValue || (Residual.Rows == X.Rows && Residual.Columns == X.Columns)),
            $"RmsNorm: x {X}, weight {Weight}, residual {Residual}");
        return new MatrixShape(X.Rows, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(X);
        operands.Add(Weight);
        operands.Add(Residual);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        (Matrix x, float epsilon) = (X, Epsilon);
        if (to.Wants(X)) to.Add(X, to.Backend.RmsNormInputGradient(dy, X, Weight, Epsilon));
        if (to.Wants(Weight)) to.Add(Weight, sum => to.Backend.RmsNormGainGradient(dy, x, epsilon, sum));
        if (to.Wants(Residual)) to.Add(Residual, dy.Retain());
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.RmsNorm"/>
    /// <returns>[T, F].</returns>
    public static Matrix RmsNorm(this IComputeBackend b, Matrix x, Weight weight, float epsilon, Matrix residual = default) =>
        b.Run(new RmsNorm(x, weight, epsilon, residual));
}
