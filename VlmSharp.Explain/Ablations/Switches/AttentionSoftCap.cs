using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// Another soft-cap on the decoder's attention scores, or none.
/// <code>
/// s_j = cap * tanh(scale * q . k_j / cap)      with cap 0:      s_j = scale * q . k_j
/// </code>
/// </summary>
/// <param name="inner">The backend that computes.</param>
/// <param name="cap">The bound, or 0 for none.</param>
internal sealed class AttentionSoftCap(IComputeBackend inner, float cap) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op) => op is CachedAttention attention
        ? Inner.Run(attention with { Spec = attention.Spec with { SoftCap = cap } }) // [T, H * D]
        : Inner.Run(op);
}
