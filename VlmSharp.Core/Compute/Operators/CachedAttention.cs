namespace VlmSharp.Compute.Operators;

/// <summary>
/// The equation of <see cref="Attention"/> over the keys and values in each sequence's cache, this step's rows included.
/// </summary>
/// <param name="Q">[T, H * D].</param>
/// <param name="Step">The step, after <see cref="AppendKeyValues"/> for this layer.</param>
/// <param name="Layer">Decoder layer, from 0.</param>
/// <param name="Spec">Heads, scale, soft-cap, window.</param>
public readonly record struct CachedAttention(Matrix Q, StepTable Step, int Layer, AttentionSpec Spec) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Spec.CheckQuery(Q, Step);
        Spec.CheckCaches(Step, "CachedAttention");
        return new MatrixShape(Q.Rows, Q.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.CachedAttention"/>
    /// <returns>[T, H * D].</returns>
    public static Matrix CachedAttention(this IComputeBackend b, Matrix q, StepTable step, int layer, in AttentionSpec spec) =>
        b.Run(new CachedAttention(q, step, layer, spec));
}
