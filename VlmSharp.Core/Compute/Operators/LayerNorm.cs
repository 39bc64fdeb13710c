namespace VlmSharp.Compute.Operators;

/// <summary>
/// LayerNorm (Ba et al. 2016) of each row, with the biased variance.
/// <code>
/// y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * weight + bias
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Weight">[F].</param>
/// <param name="Bias">[F].</param>
/// <param name="Epsilon">eps, which keeps rows of equal numbers from a division by 0; 1e-6 in SigLIP.</param>
public readonly record struct LayerNorm(Matrix X, Weight Weight, Weight Bias, float Epsilon) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Weight.IsVector(X.Columns) && Bias.IsVector(X.Columns), $"LayerNorm: x {X}, weight {Weight}, bias {Bias}");
        return new MatrixShape(X.Rows, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(X);
        operands.Add(Weight);
        operands.Add(Bias);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        (Matrix x, float epsilon) = (X, Epsilon);
        if (to.Wants(X)) to.Add(X, to.Backend.LayerNormInputGradient(dy, X, Weight, Epsilon));
        if (to.Wants(Weight)) to.Add(Weight, sum => to.Backend.LayerNormGainGradient(dy, x, epsilon, sum));
        if (to.Wants(Bias)) to.Add(Bias, sum => to.Backend.SumRows(dy, sum: sum));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.LayerNorm"/>
    /// <returns>[T, F].</returns>
    public static Matrix LayerNorm(this IComputeBackend b, Matrix x, Weight weight, Weight bias, float epsilon) =>
        b.Run(new LayerNorm(x, weight, bias, epsilon));
}
