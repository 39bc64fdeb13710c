namespace VlmSharp.Compute.Operators;

/// <summary>
/// Appends each sequence's rows of k and v to its cache, after its past tokens. Changes the caches; has no result.
/// </summary>
/// <param name="K">[T, K * D], rotated.</param>
/// <param name="V">[T, K * D].</param>
/// <param name="Step">The step; every sequence has a cache.</param>
/// <param name="Layer">Decoder layer, from 0.</param>
public readonly record struct AppendKeyValues(Matrix K, Matrix V, StepTable Step, int Layer) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        foreach (SequenceSlice slice in Step.Batch.Slices)
        {
            if (slice.Cache is not { } cache) throw new ArgumentException("AppendKeyValues: a sequence has no KV cache.");
            Shapes.Require(K.Rows == Step.Rows && V.Rows == Step.Rows && K.Columns == cache.Width && V.Columns == cache.Width,
                $"AppendKeyValues: k {K}, v {V}, cache width {cache.Width}, {Step.Rows} rows in the step");
        }

        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AppendKeyValues"/>
    public static void AppendKeyValues(this IComputeBackend b, Matrix k, Matrix v, StepTable step, int layer) =>
        b.Run(new AppendKeyValues(k, v, step, layer));
}
