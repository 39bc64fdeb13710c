using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// The rows of the embedding table without the scale. The picture's rows are never scaled.
/// <code>
/// x[i] = sqrt(h) * E[id i]      becomes      x[i] = E[id i]
/// </code>
/// </summary>
/// <param name="inner">The backend that computes.</param>
internal sealed class NoEmbeddingScale(IComputeBackend inner) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op) =>
        op is Embed embed ? Inner.Run(embed with { Scale = 1 }) : Inner.Run(op); // [T, h]
}
