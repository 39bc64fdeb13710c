namespace VlmSharp.Compute.Operators;

/// <summary>
/// The weights by which <see cref="CachedAttention"/> multiplies the values, for inspection and not optimized. Row i * H + h of the result
/// has the weights p of row rows[i] and head h over the cached tokens j of its sequence. They are exactly 0 where the mask hides j and
/// after the sequence's end. Attention itself never stores these numbers.
/// </summary>
/// <param name="Q">[T, H * D].</param>
/// <param name="Step">The step, after <see cref="AppendKeyValues"/> for this layer.</param>
/// <param name="Layer">Decoder layer, from 0.</param>
/// <param name="Spec">Heads, scale, soft-cap, window.</param>
/// <param name="Rows">n rows of q; each costs H * L numbers.</param>
public readonly record struct AttentionWeights(Matrix Q, StepTable Step, int Layer, AttentionSpec Spec, Indices Rows) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckQuery(Q, Step);
        Shapes.RequireRows(Rows, Q.Rows, "AttentionWeights");
        Spec.CheckCaches(Step, "AttentionWeights");
        int longest = 0;
        foreach (SequenceSlice slice in Step.Batch.Slices) longest = Math.Max(longest, slice.Past + slice.RowCount);
        return new MatrixShape(checked(Rows.Count * Spec.Heads), longest);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AttentionWeights"/>
    /// <returns>[n * H, L], L the cached tokens of the step's longest sequence, this step's rows included.</returns>
    public static Matrix AttentionWeights(
        this IComputeBackend b, Matrix q, StepTable step, int layer, in AttentionSpec spec, Indices rows) =>
        b.Run(new AttentionWeights(q, step, layer, spec, rows));
}
