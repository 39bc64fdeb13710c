using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// Zeros instead of the picture's rows at the decoder's input.
/// <code>
/// x[i] = projector(patch i)      becomes      x[i] = 0
/// </code>
/// The positions stay, so every text token keeps its position.
/// </summary>
/// <param name="inner">The backend that computes.</param>
internal sealed class NoPicture(IComputeBackend inner) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op is not ReplaceRows replace) return Inner.Run(op);
        using Matrix nothing = Inner.Scale(replace.Rows, 0); // [m, h]
        return Inner.Run(replace with { Rows = nothing }); // [T, h]
    }
}
