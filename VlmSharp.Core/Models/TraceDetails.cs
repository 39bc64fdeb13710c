using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Models;

/// <summary>
/// Records values that a block's fused operators do not store, by computing them again; without a trace this costs nothing. These are the
/// attention weights, and the branches before they are added to the residual stream, which the last matrix product of a branch does.
/// </summary>
internal static class TraceDetails
{
    /// <summary>Records <c>{part}.layer.{layer}.{branch}</c> = Linear(x), for the first layer only.</summary>
    public static void RecordBranch(
        this ITraceSink trace, IComputeBackend b, string part, int layer, string branch, Matrix x, Weight weight, Weight? bias = null)
    {
        if (layer > 0) return;
        using Matrix y = b.Linear(x, weight, bias);
        trace.Record($"{part}.layer.{layer}.{branch}", y);
    }

    /// <summary>Records <c>text.layer.{layer}.weights</c> [n * H, L] for the n rows that the sink asks for, if any.</summary>
    public static void RecordWeights(this ITraceSink trace, IComputeBackend b, Matrix q, StepTable step, int layer, in AttentionSpec spec)
    {
        ReadOnlySpan<int> asked = trace.AttentionRows(step.Batch);
        if (asked.IsEmpty) return;
        using Indices rows = b.Upload(asked);
        using Matrix weights = b.AttentionWeights(q, step, layer, spec, rows); // [n * H, L]
        trace.Record($"text.layer.{layer}.weights", weights);
    }
}
