namespace VlmSharp.Compute.Host;

/// <summary>
/// A backend that sets memory aside and computes nothing: what a model does on it says, to the byte, which activations it needs on
/// any host backend. The numbers in its tensors mean nothing.
/// </summary>
internal sealed class DryRunBackend : HostBackend
{
    public override string Name => "dry run";

    public override string Description => "sets memory aside, computes nothing";

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

    protected override void ComputeLogSoftmax(HostMatrix x, HostMatrix y) { }

    protected override (int Index, float Value) ComputeArgMax(ReadOnlySpan<float> row) => (0, 0);
}
