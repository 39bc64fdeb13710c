namespace VlmSharp.Compute.Operators;

/// <summary>
/// The input of a decoder block's attention: one norm, three products, two rotations.
/// <code>
/// n = RmsNorm(x)      q = Rope(n Wq^T)      k = Rope(n Wk^T)      v = n Wv^T
/// </code>
/// </summary>
/// <param name="X">[T, F].</param>
/// <param name="Norm">[F]: the gain minus 1.</param>
/// <param name="Epsilon">eps of the norm.</param>
/// <param name="Query">Wq [H * D, F].</param>
/// <param name="Key">Wk [K * D, F].</param>
/// <param name="Value">Wv [K * D, F].</param>
/// <param name="Angles">[T, D] from <see cref="RotaryAngles"/>.</param>
public readonly record struct QueryKeyValue(Matrix X, Weight Norm, float Epsilon, Weight Query, Weight Key, Weight Value, Matrix Angles)
    : IFusedOperator<(Matrix Q, Matrix K, Matrix V)>
{
    /// <inheritdoc/>
    public (Matrix Q, Matrix K, Matrix V) Compose(IComputeBackend b)
    {
        using Matrix n = b.RmsNorm(X, Norm, Epsilon); // [T, F]
        using Matrix q = b.Linear(n, Query); // [T, H * D]
        using Matrix k = b.Linear(n, Key); // [T, K * D]
        return (b.Rope(q, Angles), b.Rope(k, Angles), b.Linear(n, Value));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.QueryKeyValue"/>
    /// <returns>q [T, H * D] and k [T, K * D], rotated, and v [T, K * D].</returns>
    public static (Matrix Q, Matrix K, Matrix V) QueryKeyValue(
        this IComputeBackend b, Matrix x, Weight norm, float epsilon, Weight query, Weight key, Weight value, Matrix angles) =>
        b.RunFused<QueryKeyValue, (Matrix, Matrix, Matrix)>(new QueryKeyValue(x, norm, epsilon, query, key, value, angles));
}
