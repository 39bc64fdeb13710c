namespace VlmSharp.Compute.Operators;

/// <summary>
/// The linear layer, accumulated in fp32 or wider.
/// <code>
/// y[t, o] = act(sum_i x[t, i] W[o, i] + bias[o]) + residual[t, o]
/// </code>
/// </summary>
/// <param name="X">[T, in].</param>
/// <param name="Weight">W [out, in].</param>
/// <param name="Bias">[out] or null.</param>
/// <param name="Activation">act, applied after the bias and before the residual.</param>
/// <param name="Residual">[T, out] or <c>default</c>.</param>
public readonly record struct Linear(
    Matrix X, Weight Weight, Weight? Bias = null, Activation Activation = Activation.None, Matrix Residual = default)
    : IDifferentiable, IComposite
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(X.Columns == Weight.Columns && (Bias is null || Bias.IsVector(Weight.Rows))
            && (!Residual.HasValue || (Residual.Rows == X.Rows && Residual.Columns == Weight.Rows)),
            $"Linear: x {X}, weight {Weight}, bias {Bias?.ToString() ?? "none"}, residual {Residual}");
        return new MatrixShape(X.Rows, Weight.Rows);
    }

    /// <inheritdoc/>
    public bool IsComposed => Activation != Activation.None;

    /// <inheritdoc/>
    public Matrix Compose(IComputeBackend b)
    {
        using Matrix z = b.Linear(X, Weight, Bias); // [T, out]
        Matrix y = b.Gelu(z); // [T, out]
        if (!Residual.HasValue) return y;
        using (y) return b.Add(y, Residual);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(X);
        operands.Add(Weight);
        operands.Add(Bias);
        operands.Add(Residual);
    }

    /// <summary>dX = dY W, dW = dY^T X, dBias = the sum of dY over its rows, dResidual = dY.</summary>
    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        if (IsComposed) throw new InvalidOperationException("Linear: a gradient is asked of a layer with an activation; run its parts.");
        Matrix x = X;
        if (to.Wants(X)) to.Add(X, to.Backend.LinearInputGradient(dy, Weight));
        if (to.Wants(Weight)) to.Add(Weight, sum => to.Backend.LinearWeightGradient(dy, x, sum));
        if (to.Wants(Bias)) to.Add(Bias!, sum => to.Backend.SumRows(dy, sum: sum));
        if (to.Wants(Residual)) to.Add(Residual, dy.Retain());
    }
}

/// <summary>The function that a linear layer applies to its output.</summary>
public enum Activation
{
    /// <summary>f(x) = x: the output stays as it is.</summary>
    None,

    /// <summary>gelu_tanh(x) = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016).</summary>
    GeluTanh,
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Linear"/>
    /// <returns>[T, out].</returns>
    public static Matrix Linear(
        this IComputeBackend b,
        Matrix x,
        Weight weight,
        Weight? bias = null,
        Activation activation = Activation.None,
        Matrix residual = default) =>
        b.Run(new Linear(x, weight, bias, activation, residual));
}
