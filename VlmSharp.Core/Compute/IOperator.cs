namespace VlmSharp.Compute;

/// <summary>
/// An operator of the transformer applied to its arguments: a small value that says what is to be computed. Its type names the
/// operator and states the equation; a backend has a kernel for the type.
/// </summary>
public interface IOperator
{
    /// <summary>Checks the arguments against each other, without looking at numbers.</summary>
    /// <returns>The shape of the result, or null of an operator that has an effect on a cache and no result.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit; the message names the operator and all of them.</exception>
    MatrixShape? Check();
}

/// <summary>
/// Several operators that often stand together. A backend that can do them in fewer passes overrides
/// <see cref="IComputeBackend.RunFused"/> for the type; any other runs <see cref="Compose"/> and is right.
/// </summary>
/// <typeparam name="TResult">What they give.</typeparam>
public interface IFusedOperator<TResult>
{
    /// <summary>The same by single operators: the definition.</summary>
    /// <param name="b">Runs them.</param>
    /// <returns>The results, owned by the caller.</returns>
    TResult Compose(IComputeBackend b);
}

/// <summary>The shape of a matrix.</summary>
/// <param name="Rows">Rows (tokens, patches).</param>
/// <param name="Columns">Columns (features).</param>
public readonly record struct MatrixShape(int Rows, int Columns);
