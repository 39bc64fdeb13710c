namespace VlmSharp.Compute;

/// <summary>
/// An operator that consists of several simpler ones: a linear layer with an activation is a product, then the activation. A backend that
/// must act between the parts (a tape that keeps what the gradient needs, an adapter that adds to the product) runs <see cref="Compose"/>
/// instead. Every other backend has one kernel for the whole.
/// </summary>
public interface IComposite : IOperator
{
    /// <summary>Whether these arguments need more than one simple operator.</summary>
    bool IsComposed { get; }

    /// <summary>Computes the same with simpler operators, equal up to the rounding of the intermediate results.</summary>
    /// <param name="b">Runs them.</param>
    /// <returns>The result, owned by the caller.</returns>
    Matrix Compose(IComputeBackend b);
}
