using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// A decoder layer that adds nothing to the residual stream.
/// <code>
/// u = x + Attention(Norm(x)),  y = u + FeedForward(Norm(u))      becomes      y = x
/// </code>
/// A branch ends in the operator that adds it to its residual: a product in Gemma 1, a norm in Gemma 2. This switch makes that operator
/// return the residual alone.
/// </summary>
/// <param name="inner">The backend that computes.</param>
/// <param name="layer">The layer, from 0.</param>
internal sealed class SkippedLayer(IComputeBackend inner, int layer) : DelegatingBackend(inner)
{
    private readonly string prefix = $"language_model.model.layers.{layer}.";

    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op) => op switch
    {
        Linear { Residual.HasValue: true } end when IsOurs(end.Weight) => end.Residual.Retain(), // [T, h]
        RmsNorm { Residual.HasValue: true } end when IsOurs(end.Weight) => end.Residual.Retain(), // [T, h]
        _ => Inner.Run(op),
    };

    private bool IsOurs(Weight weight) => weight.Name.StartsWith(prefix, StringComparison.Ordinal);
}
