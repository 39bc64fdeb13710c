using VlmSharp.Compute;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// The causal mask instead of the prefix-LM mask: the bidirectional prefix of every sequence has length 0.
/// <code>
/// i sees j  iff  j &lt; max(p, i + 1)      becomes      i sees j  iff  j &lt; i + 1
/// </code>
/// Sequences without a cache are the encoder's pictures, and stay as they are.
/// </summary>
/// <param name="inner">The backend that computes.</param>
internal sealed class CausalMask(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly SequenceBatch causal = new();

    /// <inheritdoc/>
    public override StepTable Prepare(SequenceBatch batch)
    {
        if (!batch.IsCached) return Inner.Prepare(batch);
        causal.Clear();
        foreach (SequenceSlice slice in batch.Slices) causal.Add(slice.RowCount, prefixLength: 0, slice.Cache!, slice.Adapter);
        return Inner.Prepare(causal);
    }
}
