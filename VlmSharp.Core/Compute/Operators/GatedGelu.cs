namespace VlmSharp.Compute.Operators;

/// <summary>
/// The elementwise part of GeGLU (Shazeer 2020), which <see cref="GatedLinear"/> applies to its two products.
/// <code>
/// y = gelu_tanh(gate) * up
/// </code>
/// It is linear in <c>up</c>, so the gradient by <c>up</c> is the same operator: dUp = gelu_tanh(gate) * dY.
/// </summary>
/// <param name="Gate">[T, F].</param>
/// <param name="Up">[T, F].</param>
public readonly record struct GatedGelu(Matrix Gate, Matrix Up) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Gate.SameShape(Up), $"GatedGelu: gate {Gate}, up {Up}");
        return new MatrixShape(Up.Rows, Up.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(Gate);
        operands.Add(Up);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        if (to.Wants(Gate)) to.Add(Gate, to.Backend.GeluGradient(dy, Gate, factor: Up));
        if (to.Wants(Up)) to.Add(Up, to.Backend.GatedGelu(Gate, dy));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.GatedGelu"/>
    /// <returns>[T, F].</returns>
    public static Matrix GatedGelu(this IComputeBackend b, Matrix gate, Matrix up) => b.Run(new GatedGelu(gate, up));
}
