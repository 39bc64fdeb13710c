namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Attention"/> by its keys.
/// <code>
/// ds_ij = scale * p_ij (dY_i . v_j - d_i) * (1 - (s_ij / cap)^2)      the last factor only with a soft-cap
/// dK_j = sum over i, and over the heads that read this key, of ds_ij q_i
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
public readonly record struct AttentionKeyGradient(
    Matrix Gradient, Matrix Q, Matrix K, Matrix V, Matrix Statistics, StepTable Step, AttentionSpec Spec) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckGradient("AttentionKeyGradient", Gradient, Q, K, V, Statistics, Step);
        return new MatrixShape(K.Rows, K.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AttentionKeyGradient"/>
    /// <returns>dK [T, K * D].</returns>
    public static Matrix AttentionKeyGradient(
        this IComputeBackend b, Matrix gradient, Matrix q, Matrix k, Matrix v, Matrix statistics, StepTable step, in AttentionSpec spec) =>
        b.Run(new AttentionKeyGradient(gradient, q, k, v, statistics, step, spec));
}
