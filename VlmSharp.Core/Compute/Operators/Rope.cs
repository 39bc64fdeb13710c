namespace VlmSharp.Compute.Operators;

/// <summary>
/// Rotary position embedding (Su et al. 2021) in Gemma's half-split pairing, per head: element j is paired with j + D/2, and the pair is
/// rotated by its angle, so that q . k depends only on the distance between their positions.
/// <code>
/// y[j]       = x[j]       cos_j - x[j + D/2] sin_j
/// y[j + D/2] = x[j + D/2] cos_j + x[j]       sin_j
/// </code>
/// </summary>
/// <param name="X">[T, heads * D].</param>
/// <param name="Angles">[T, D] from <see cref="RotaryAngles"/>.</param>
public readonly record struct Rope(Matrix X, Matrix Angles) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(X.Rows == Angles.Rows && Angles.Columns > 0 && X.Columns % Angles.Columns == 0, $"Rope: x {X}, angles {Angles}");
        return new MatrixShape(X.Rows, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(X);
        operands.Add(Angles);
    }

    /// <summary>The angles depend only on positions, so they get no gradient.</summary>
    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) => to.Add(X, to.Backend.RopeGradient(dy, Angles));
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Rope"/>
    /// <returns>[T, heads * D].</returns>
    public static Matrix Rope(this IComputeBackend b, Matrix x, Matrix angles) =>
        b.Run(new Rope(x, angles));
}
