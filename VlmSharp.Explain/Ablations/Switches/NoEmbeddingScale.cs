using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// Rows of the embedding table as they are stored. The picture's rows are not scaled in any case.
/// <code>
/// x[i] = sqrt(h) * E[id i]      becomes      x[i] = E[id i]
/// </code>
/// </summary>
/// <param name="inner">Does the work.</param>
internal sealed class NoEmbeddingScale(IComputeBackend inner) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op) =>
        op is Embed embed ? Inner.Run(embed with { Scale = 1 }) : Inner.Run(op); // [T, h]
}
