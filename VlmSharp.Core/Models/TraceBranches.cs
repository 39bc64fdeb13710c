using VlmSharp.Compute;

namespace VlmSharp.Models;

/// <summary>
/// Shows a block's branches before they join the residual stream. The model adds the residual inside the last matrix
/// product of a branch, so a listener has that product computed once more without it; nobody else pays.
/// </summary>
internal static class TraceBranches
{
    /// <summary>Records <c>{part}.layer.{layer}.{branch}</c> = Linear(x), for the first layer only.</summary>
    public static void RecordBranch(this ITraceSink trace, IComputeBackend b, string part, int layer, string branch, Tensor x, Weight weight, Weight? bias = null)
    {
        if (layer > 0) return;
        using Tensor y = b.Linear(x, weight, bias);
        trace.Record($"{part}.layer.{layer}.{branch}", y);
    }
}
