namespace VlmSharp.Compute.Operators;

/// <summary>
/// The inner half of a decoder block's MLP: one norm and GeGLU.
/// <code>
/// n = RmsNorm(x)      y = gelu_tanh(n Wg^T) * (n Wu^T)
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Norm">[F]: the gain minus 1.</param>
/// <param name="Epsilon">eps of the norm.</param>
/// <param name="Gate">Wg [out, F].</param>
/// <param name="Up">Wu [out, F].</param>
public readonly record struct NormedGatedLinear(Matrix X, Weight Norm, float Epsilon, Weight Gate, Weight Up) : IFusedOperator<Matrix>
{
    /// <inheritdoc/>
    public Matrix Compose(IComputeBackend b)
    {
        using Matrix n = b.RmsNorm(X, Norm, Epsilon); // [T, F]
        return b.GatedLinear(n, Gate, Up); // [T, out]
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.NormedGatedLinear"/>
    /// <returns>[T, out].</returns>
    public static Matrix NormedGatedLinear(this IComputeBackend b, Matrix x, Weight norm, float epsilon, Weight gate, Weight up) =>
        b.RunFused<NormedGatedLinear, Matrix>(new NormedGatedLinear(x, norm, epsilon, gate, up));
}
