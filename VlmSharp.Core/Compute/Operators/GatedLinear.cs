namespace VlmSharp.Compute.Operators;

/// <summary>
/// GeGLU (Shazeer 2020), an elementwise product of two linear layers.
/// <code>
/// y[t, o] = gelu_tanh(sum_i x[t, i] Wg[o, i]) * (sum_i x[t, i] Wu[o, i])
/// </code>
/// </summary>
/// <param name="X">[T, in].</param>
/// <param name="Gate">Wg [out, in].</param>
/// <param name="Up">Wu [out, in].</param>
public readonly record struct GatedLinear(Matrix X, Weight Gate, Weight Up) : IComposite
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(X.Columns == Gate.Columns && X.Columns == Up.Columns && Gate.Rows == Up.Rows,
            $"GatedLinear: x {X}, gate {Gate}, up {Up}");
        return new MatrixShape(X.Rows, Gate.Rows);
    }

    /// <inheritdoc/>
    public bool IsComposed => true;

    /// <inheritdoc/>
    public Matrix Compose(IComputeBackend b)
    {
        using Matrix gate = b.Linear(X, Gate), up = b.Linear(X, Up); // [T, out] each
        return b.GatedGelu(gate, up); // [T, out]
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.GatedLinear"/>
    /// <returns>[T, out].</returns>
    public static Matrix GatedLinear(this IComputeBackend b, Matrix x, Weight gate, Weight up) =>
        b.Run(new GatedLinear(x, gate, up));
}
