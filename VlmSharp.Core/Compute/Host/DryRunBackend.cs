namespace VlmSharp.Compute.Host;

/// <summary>
/// A backend that sets memory aside and computes nothing: what a model does on it says, to the byte, which activations it needs on
/// any host backend. The numbers in its tensors mean nothing, and nothing is written to caches: memory that is not written
/// to is not taken from the machine.
/// </summary>
internal sealed class DryRunBackend : HostBackend, IComputeBackend
{
    public override string Name => "dry run";

    public override string Description => "sets memory aside, computes nothing";

    void IComputeBackend.AppendKeyValues(Matrix k, Matrix v, SequenceBatch batch, int layer) { }

    void IComputeBackend.CopyKeyValues(KvCache source, KvCache destination, int start, int count) { }

    protected override void ComputePatchEmbed(HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y) { }

    protected override void ComputeLinear(HostMatrix x, HostWeight weight, HostWeight? bias, Activation activation, HostMatrix residual, HostMatrix y) { }

    protected override void ComputeLinearRows(HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y) { }

    protected override void ComputeGatedLinear(HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y) { }

    protected override void ComputeLayerNorm(HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y) { }

    protected override void ComputeRmsNorm(HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y) { }

    protected override void ComputeRotaryAngles(SequenceBatch batch, float frequencyBase, int positionBase, HostMatrix y) { }

    protected override void ComputeRope(HostMatrix x, HostMatrix angles, HostMatrix y) { }

    protected override void ComputeAttention(HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y) { }

    protected override void ComputeEmbed(HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y) { }

    protected override void ComputeSoftCap(HostMatrix x, float cap, HostMatrix y) { }

    // Every token is as likely as the others: what memory happens to hold could be NaN, of which a search finds no beams.
    protected override void ComputeLogSoftmax(HostMatrix x, HostMatrix y)
    {
        for (int t = 0; t < y.Rows; t++) y.Row(t).Clear();
    }

    protected override (int Index, float Value) ComputeArgMax(ReadOnlySpan<float> row) => (0, 0);
}
