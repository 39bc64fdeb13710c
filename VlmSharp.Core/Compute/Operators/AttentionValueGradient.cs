namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Attention"/> by its values.
/// <code>
/// dV_j = sum over i, and over the heads that read this value, of p_ij dY_i
/// </code>
/// with p_ij as in <see cref="AttentionStatistics"/>; masked pairs contribute nothing.
/// </summary>
/// <param name="Gradient">dY [T, H * D].</param>
/// <param name="Q">[T, H * D].</param>
/// <param name="K">[T, K * D].</param>
/// <param name="Statistics">[T, 2 * H] from <see cref="AttentionStatistics"/>.</param>
/// <param name="Step">The step; no sequence has a past.</param>
/// <param name="Spec">Heads, scale, soft-cap, window.</param>
public readonly record struct AttentionValueGradient(
    Matrix Gradient, Matrix Q, Matrix K, Matrix Statistics, StepTable Step, AttentionSpec Spec) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckGradient("AttentionValueGradient", Gradient, Q, K, K, Statistics, Step);
        return new MatrixShape(K.Rows, K.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AttentionValueGradient"/>
    /// <returns>dV [T, K * D].</returns>
    public static Matrix AttentionValueGradient(
        this IComputeBackend b, Matrix gradient, Matrix q, Matrix k, Matrix statistics, StepTable step, in AttentionSpec spec) =>
        b.Run(new AttentionValueGradient(gradient, q, k, statistics, step, spec));
}
