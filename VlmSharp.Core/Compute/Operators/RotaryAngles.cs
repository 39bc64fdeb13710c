namespace VlmSharp.Compute.Operators;

/// <summary>
/// The angles of the rotary embedding for every row of the step, computed once and used by all layers. Row t, at position
/// m = positionBase + (its place in its sequence), holds the cosines, then the sines:
/// <code>
/// theta_j = base^(-2j / D)      y[t] = cos(m theta_0) ... cos(m theta_{D/2-1}), sin(m theta_0) ... sin(m theta_{D/2-1})
/// </code>
/// </summary>
/// <param name="Step">Says at which place of its sequence each row is.</param>
/// <param name="HeadDim">D, even.</param>
/// <param name="FrequencyBase">base, 10000 in Gemma.</param>
/// <param name="PositionBase">Position of a sequence's first token.</param>
public readonly record struct RotaryAngles(StepTable Step, int HeadDim, float FrequencyBase, int PositionBase) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(HeadDim > 0 && HeadDim % 2 == 0, $"RotaryAngles: head size {HeadDim} is not even");
        return new MatrixShape(Step.Rows, HeadDim);
    }

    /// <summary>It reads only positions, so it has no gradient.</summary>
    /// <inheritdoc/>
    public void Operands(IOperands operands) { }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) { }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.RotaryAngles"/>
    /// <returns>[T, D].</returns>
    public static Matrix RotaryAngles(this IComputeBackend b, StepTable step, int headDim, float frequencyBase, int positionBase) =>
        b.Run(new RotaryAngles(step, headDim, frequencyBase, positionBase));
}
