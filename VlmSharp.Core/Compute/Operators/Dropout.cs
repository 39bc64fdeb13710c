namespace VlmSharp.Compute.Operators;

/// <summary>
/// Dropout (Srivastava et al. 2014) in its inverted form. The mask depends only on the key and the position: element number i in row-major
/// order takes word i % 4 of Philox4x32-10 (see <c>CounterRandom</c>) with counter i / 4 and the key. So the gradient drops the same
/// elements, and a step that runs again has the same mask.
/// <code>
/// y_i = x_i / (1 - rate) where word_i >= rate * 2^32, else 0      dX = Dropout(dY) with the same key
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Rate">The share that is dropped, at least 0 and below 1.</param>
/// <param name="Key">Selects the mask.</param>
public readonly record struct Dropout(Matrix X, float Rate, long Key) : IDifferentiable
{
    /// <summary>Words below this are dropped.</summary>
    public uint Threshold => (uint)(Rate * 4294967296.0);

    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Rate is >= 0 and < 1, $"Dropout: rate {Rate} is not in [0, 1)");
        return new MatrixShape(X.Rows, X.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands) => operands.Add(X);

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy) => to.Add(X, to.Backend.Dropout(dy, Rate, Key));
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Dropout"/>
    /// <returns>[T, F].</returns>
    public static Matrix Dropout(this IComputeBackend b, Matrix x, float rate, long key) => b.Run(new Dropout(x, rate, key));
}
