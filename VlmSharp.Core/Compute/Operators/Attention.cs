namespace VlmSharp.Compute.Operators;

/// <summary>
/// Scaled dot-product attention with grouped queries (Vaswani et al. 2017, eq. 1; Ainslie et al. 2023) of every sequence over its own
/// rows of k and v. For query head h, which reads key-value head h / (H / K), and token i:
/// <code>
/// s_j = cap * tanh(scale * q_i . k_j / cap)      (without a cap: scale * q_i . k_j)
/// p_j = exp(s_j - max s) / sum exp(s - max s)    over the j that <see cref="SequenceSlice"/> lets i see
/// y_i = sum_j p_j v_j
/// </code>
/// The other j do not affect y_i, even if they contain infinities or NaN.
/// </summary>
/// <param name="Q">[T, H * D].</param>
/// <param name="K">[T, K * D].</param>
/// <param name="V">[T, K * D].</param>
/// <param name="Step">The step; no sequence has a past.</param>
/// <param name="Spec">Heads, scale, soft-cap, window.</param>
public readonly record struct Attention(Matrix Q, Matrix K, Matrix V, StepTable Step, AttentionSpec Spec) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckQuery(Q, Step);
        Shapes.Require(K.Columns == Spec.KvWidth && V.Columns == K.Columns && K.Rows == Q.Rows && V.Rows == Q.Rows,
            $"Attention: q {Q}, k {K}, v {V}, {Spec}");
        foreach (SequenceSlice slice in Step.Batch.Slices)
            Shapes.Require(slice.Past == 0, $"Attention: a sequence has {slice.Past} past tokens, which only CachedAttention can see");
        return new MatrixShape(Q.Rows, Q.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(Q);
        operands.Add(K);
        operands.Add(V);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        IComputeBackend b = to.Backend;
        using Matrix statistics = b.AttentionStatistics(dy, y, Q, K, Step, Spec); // [T, 2 * H]
        if (to.Wants(Q)) to.Add(Q, b.AttentionQueryGradient(dy, Q, K, V, statistics, Step, Spec));
        if (to.Wants(K)) to.Add(K, b.AttentionKeyGradient(dy, Q, K, V, statistics, Step, Spec));
        if (to.Wants(V)) to.Add(V, b.AttentionValueGradient(dy, Q, K, statistics, Step, Spec));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Attention"/>
    /// <returns>[T, H * D].</returns>
    public static Matrix Attention(this IComputeBackend b, Matrix q, Matrix k, Matrix v, StepTable step, in AttentionSpec spec) =>
        b.Run(new Attention(q, k, v, step, spec));
}
