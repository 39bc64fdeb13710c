namespace VlmSharp.Compute.Operators;

/// <summary>
/// The loss of a language model together with its head, for each row separately. The scores of the whole vocabulary are never in memory at
/// once.
/// <code>
/// z_v = cap * tanh(x . W[v] / cap)      (without a cap: x . W[v])
/// l = log sum_v exp(z_v)
/// loss = l - (1 - s) z_target - s/V sum_v z_v
/// </code>
/// s is label smoothing (Szegedy et al. 2016, section 7) as in PyTorch: the target is the given token with probability 1 - s, and a
/// uniformly random one of the V tokens with probability s.
/// </summary>
/// <param name="X">[n, h], after the final norm.</param>
/// <param name="Weight">W [V, h], the head.</param>
/// <param name="Targets">n tokens.</param>
/// <param name="Smoothing">s in [0, 1).</param>
/// <param name="Cap">The soft-cap of the scores, or 0 for none.</param>
public readonly record struct CrossEntropy(Matrix X, Weight Weight, Indices Targets, float Smoothing = 0, float Cap = 0) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(X.Columns == Weight.Columns && Targets.Count == X.Rows && Smoothing is >= 0 and < 1 && Cap >= 0,
            $"CrossEntropy: x {X}, weight {Weight}, {Targets.Count} targets, smoothing {Smoothing}, cap {Cap}");
        Shapes.RequireRows(Targets, Weight.Rows, "CrossEntropy");
        return new MatrixShape(X.Rows, 2);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(X);
        operands.Add(Weight);
    }

    /// <summary>Only the first column of y is a loss. The second is stored for this method and receives no gradient.</summary>
    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        CrossEntropy op = this;
        if (to.Wants(X)) to.Add(X, to.Backend.CrossEntropyInputGradient(dy, op, y));
        if (to.Wants(Weight)) to.Add(Weight, sum => to.Backend.CrossEntropyWeightGradient(dy, op, y, sum));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.CrossEntropy"/>
    /// <returns>[n, 2]: the loss, then l.</returns>
    public static Matrix CrossEntropy(
        this IComputeBackend b, Matrix x, Weight weight, Indices targets, float smoothing = 0, float cap = 0) =>
        b.Run(new CrossEntropy(x, weight, targets, smoothing, cap));
}
