using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// Every operator in the plainest loops that state its equation, one file each, summed in double precision. It is what to
/// read to know what an operator does, and the oracle that the fast backends are tested against. It is slow on purpose.
/// </summary>
public sealed class ReferenceBackend : HostBackend
{
    /// <inheritdoc/>
    public override string Name => "reference";

    /// <inheritdoc/>
    public override string Description => "plain loops, no SIMD, 1 thread";

    /// <inheritdoc/>
    protected override void ComputePatchEmbed(HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y) =>
        Reference.PatchEmbed.Execute(pixels, kernel, bias, positions, side, patch, y);

    /// <inheritdoc/>
    protected override void ComputeLinear(HostMatrix x, HostWeight weight, HostWeight? bias, Activation activation, HostMatrix residual, HostMatrix y) =>
        Reference.Linear.Execute(x, weight, bias, activation, residual, y);

    /// <inheritdoc/>
    protected override void ComputeLinearRows(HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y) =>
        Reference.LinearRows.Execute(x, weight, rows, y);

    /// <inheritdoc/>
    protected override void ComputeGatedLinear(HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y) =>
        Reference.Linear.ExecuteGated(x, gate, up, y);

    /// <inheritdoc/>
    protected override void ComputeLayerNorm(HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y) =>
        Reference.LayerNorm.Execute(x, weight, bias, epsilon, y);

    /// <inheritdoc/>
    protected override void ComputeRmsNorm(HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y) =>
        Reference.RmsNorm.Execute(x, weight, epsilon, residual, y);

    /// <inheritdoc/>
    protected override void ComputeRotaryAngles(SequenceBatch batch, float frequencyBase, int positionBase, HostMatrix y) =>
        Reference.Rope.Angles(batch, frequencyBase, positionBase, y);

    /// <inheritdoc/>
    protected override void ComputeRope(HostMatrix x, HostMatrix angles, HostMatrix y) => Reference.Rope.Execute(x, angles, y);

    /// <inheritdoc/>
    protected override void ComputeAttention(HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y) =>
        Reference.Attention.Execute(q, keys, values, slice, spec, y);

    /// <inheritdoc/>
    protected override void ComputeEmbed(HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y) =>
        Reference.Embed.Execute(table, ids, scale, y);

    /// <inheritdoc/>
    protected override void ComputeSoftCap(HostMatrix x, float cap, HostMatrix y) => Reference.SoftCap.Execute(x, cap, y);

    /// <inheritdoc/>
    protected override void ComputeLogSoftmax(HostMatrix x, HostMatrix y) => Reference.LogSoftmax.Execute(x, y);

    /// <inheritdoc/>
    protected override (int Index, float Value) ComputeArgMax(ReadOnlySpan<float> row) => Reference.ArgMax.Execute(row);
}
