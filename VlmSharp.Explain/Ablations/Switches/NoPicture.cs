using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// Zeros in the place of the picture's rows, where the decoder begins.
/// <code>
/// x[i] = projector(patch i)      becomes      x[i] = 0
/// </code>
/// The places stay, so every token of text has the position that it had.
/// </summary>
/// <param name="inner">Does the work.</param>
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
