namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Attention"/> by its queries.
/// <code>
/// ds_ij = scale * p_ij (dY_i . v_j - d_i) * (1 - (s_ij / cap)^2)      the last factor only with a soft-cap
/// dQ_i = sum_j ds_ij k_j
/// </code>
/// with p_ij and d_i as in <see cref="AttentionStatistics"/>; masked pairs contribute nothing.
/// </summary>
/// <param name="Gradient">dY [T, H * D].</param>
/// <param name="Q">[T, H * D].</param>
/// <param name="K">[T, K * D].</param>
/// <param name="V">[T, K * D].</param>
/// <param name="Statistics">[T, 2 * H] from <see cref="AttentionStatistics"/>.</param>
/// <param name="Step">The step; no sequence has a past.</param>
/// <param name="Spec">Heads, scale, soft-cap, window.</param>
public readonly record struct AttentionQueryGradient(
    Matrix Gradient, Matrix Q, Matrix K, Matrix V, Matrix Statistics, StepTable Step, AttentionSpec Spec) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckGradient("AttentionQueryGradient", Gradient, Q, K, V, Statistics, Step);
        return new MatrixShape(Q.Rows, Q.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AttentionQueryGradient"/>
    /// <returns>dQ [T, H * D].</returns>
    public static Matrix AttentionQueryGradient(
        this IComputeBackend b, Matrix gradient, Matrix q, Matrix k, Matrix v, Matrix statistics, StepTable step, in AttentionSpec spec) =>
        b.Run(new AttentionQueryGradient(gradient, q, k, v, statistics, step, spec));
}
