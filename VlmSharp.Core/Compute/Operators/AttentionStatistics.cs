namespace VlmSharp.Compute.Operators;

/// <summary>
/// Two numbers for each row and head, from which the gradients of <see cref="Attention"/> recompute every weight without a score matrix in
/// memory (Dao et al. 2022, section B.2). With s_ij the scores and y_i the result of the attention:
/// <code>
/// l_i = log sum_j exp(s_ij)      so that p_ij = exp(s_ij - l_i)
/// d_i = dY_i . y_i               which is sum_j p_ij (dY_i . v_j)
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, H * D].</param>
/// <param name="Y">The attention's result, [T, H * D].</param>
/// <param name="Q">[T, H * D].</param>
/// <param name="K">[T, K * D].</param>
/// <param name="Step">The step; no sequence has a past.</param>
/// <param name="Spec">Heads, scale, soft-cap, window.</param>
public readonly record struct AttentionStatistics(
    Matrix Gradient, Matrix Y, Matrix Q, Matrix K, StepTable Step, AttentionSpec Spec) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckQuery(Q, Step);
        Shapes.Require(Gradient.SameShape(Q) && Y.SameShape(Q) && K.Columns == Spec.KvWidth && K.Rows == Q.Rows,
            $"AttentionStatistics: gradient {Gradient}, y {Y}, q {Q}, k {K}, {Spec}");
        return new MatrixShape(Q.Rows, 2 * Spec.Heads);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AttentionStatistics"/>
    /// <returns>[T, 2 * H]: l of every head, then d of every head.</returns>
    public static Matrix AttentionStatistics(
        this IComputeBackend b, Matrix gradient, Matrix y, Matrix q, Matrix k, StepTable step, in AttentionSpec spec) =>
        b.Run(new AttentionStatistics(gradient, y, q, k, step, spec));
}
