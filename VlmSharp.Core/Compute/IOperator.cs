namespace VlmSharp.Compute;

/// <summary>
/// An operator of the transformer and its arguments: a small value that says what to compute. Its type names the operator and documents the
/// equation; a backend has a kernel for the type.
/// </summary>
public interface IOperator
{
    /// <summary>Checks the arguments against each other, without reading any numbers.</summary>
    /// <returns>The shape of the result, or null for an operator that has an effect and no result.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit; the message names the operator and all of them.</exception>
    MatrixShape? Check();
}

/// <summary>
/// Several operators that often occur together. A backend that can run them in fewer passes overrides
/// <see cref="IComputeBackend.RunFused"/> for the type; any other backend runs <see cref="Compose"/>.
/// </summary>
/// <typeparam name="TResult">The type of their results.</typeparam>
public interface IFusedOperator<TResult>
{
    /// <summary>The definition: the same with single operators.</summary>
    /// <param name="b">Runs them.</param>
    /// <returns>The results, owned by the caller.</returns>
    TResult Compose(IComputeBackend b);
}

/// <summary>The shape of a matrix.</summary>
/// <param name="Rows">Rows (tokens, patches).</param>
/// <param name="Columns">Columns (features).</param>
public readonly record struct MatrixShape(int Rows, int Columns);
