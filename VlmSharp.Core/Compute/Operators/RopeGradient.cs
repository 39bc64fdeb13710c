namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="Rope"/>: the transpose of a rotation is the inverse rotation.
/// <code>
/// dX[j]       = dY[j]       cos_j + dY[j + D/2] sin_j
/// dX[j + D/2] = dY[j + D/2] cos_j - dY[j]       sin_j
/// </code>
/// </summary>
/// <param name="Gradient">dY [T, heads * D].</param>
/// <param name="Angles">[T, D] from <see cref="RotaryAngles"/>.</param>
public readonly record struct RopeGradient(Matrix Gradient, Matrix Angles) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gradient.Rows == Angles.Rows && Angles.Columns > 0 && Gradient.Columns % Angles.Columns == 0,
            $"RopeGradient: gradient {Gradient}, angles {Angles}");
        return new MatrixShape(Gradient.Rows, Gradient.Columns);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.RopeGradient"/>
    /// <returns>dX [T, heads * D].</returns>
    public static Matrix RopeGradient(this IComputeBackend b, Matrix gradient, Matrix angles) => b.Run(new RopeGradient(gradient, angles));
}
