using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// A soft-cap on the logits where the model has none, or none where it has one.
/// <code>
/// y = E n      becomes      y = cap * tanh(E n / cap),      or the reverse
/// </code>
/// </summary>
/// <param name="inner">The backend that computes.</param>
/// <param name="cap">The bound to add, or 0 to remove the model's.</param>
internal sealed class FinalSoftCap(IComputeBackend inner, float cap) : DelegatingBackend(inner)
{
    // The output head's weights, which in most checkpoints are those of the embedding table.
    private const string Head = "language_model.lm_head.weight", Embedding = "language_model.model.embed_tokens.weight";

    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (cap == 0) return op is SoftCap model ? model.X.Retain() : Inner.Run(op); // [n, V]
        if (op is not Linear { Weight.Name: Head or Embedding } head) return Inner.Run(op);
        using Matrix logits = Inner.Run(head); // [n, V]
        return Inner.SoftCap(logits, cap); // [n, V]
    }
}
