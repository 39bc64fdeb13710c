namespace VlmSharp.Compute;

/// <summary>
/// An operator that is several simpler ones: a linear layer with an activation is a product, then the activation. A backend that must
/// come between the parts (a tape that keeps what the gradient needs, an adapter that adds to the product) runs <see cref="Compose"/>
/// in its place. Every other backend has one kernel for the whole.
/// </summary>
public interface IComposite : IOperator
{
    /// <summary>Whether these arguments ask for more than one simple operator.</summary>
    bool IsComposed { get; }

    /// <summary>The same by simpler operators, equal up to the rounding of what lies between them.</summary>
    /// <param name="b">Runs them.</param>
    /// <returns>The result, owned by the caller.</returns>
    Matrix Compose(IComputeBackend b);
}
