using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// Every token of the decoder at position 0: the rotary embedding rotates nothing.
/// <code>
/// cos(m theta_j), sin(m theta_j)      becomes      1, 0
/// </code>
/// The encoder's own position embedding stays, so a patch still has its position.
/// </summary>
/// <param name="inner">The backend that computes.</param>
internal sealed class NoPositions(IComputeBackend inner) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op is not RotaryAngles angles) return Inner.Run(op);
        float[] unturned = new float[checked(angles.Step.Rows * angles.HeadDim)]; // [T, D]: D / 2 cosines, then as many sines
        for (int row = 0; row < angles.Step.Rows; row++) unturned.AsSpan(row * angles.HeadDim, angles.HeadDim / 2).Fill(1);
        return Inner.Upload(unturned, angles.Step.Rows, angles.HeadDim);
    }
}
