using VlmSharp.Compute;

namespace VlmSharp.Models;

/// <summary>
/// Shows what the fused operators of a block do not write down, by computing it once more for the listener; nobody else pays.
/// A block's branches before they join the residual stream, which is added inside the last matrix product of a branch; and the
/// weights of its attention.
/// </summary>
internal static class TraceDetails
{
    /// <summary>Records <c>{part}.layer.{layer}.{branch}</c> = Linear(x), for the first layer only.</summary>
    public static void RecordBranch(this ITraceSink trace, IComputeBackend b, string part, int layer, string branch, Matrix x, Weight weight, Weight? bias = null)
    {
        if (layer > 0) return;
        using Matrix y = b.Linear(x, weight, bias);
        trace.Record($"{part}.layer.{layer}.{branch}", y);
    }

    /// <summary>Records <c>text.layer.{layer}.weights</c> [n * H, L] of the n rows that the sink asks for, if any.</summary>
    public static void RecordWeights(this ITraceSink trace, IComputeBackend b, Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec)
    {
        ReadOnlySpan<int> rows = trace.AttentionRows(batch);
        if (rows.IsEmpty) return;
        using Matrix weights = b.AttentionWeights(q, batch, layer, spec, rows); // [n * H, L]
        trace.Record($"text.layer.{layer}.weights", weights);
    }
}
