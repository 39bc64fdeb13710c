using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// GeGLU with its gate open in every decoder layer, which leaves two linear layers of the MLP.
/// <code>
/// gelu_tanh(x Wg^T) * (x Wu^T)      becomes      x Wu^T
/// </code>
/// </summary>
/// <param name="inner">The backend that computes.</param>
internal sealed class OpenGate(IComputeBackend inner) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op) =>
        op is GatedLinear gated ? Inner.Linear(gated.X, gated.Up) : Inner.Run(op); // [T, f]
}
