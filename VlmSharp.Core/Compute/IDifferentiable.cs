namespace VlmSharp.Compute;

/// <summary>
/// An operator that gradients flow through. With L the loss, y the operator's result and dY = dL/dy, it turns dY into the gradients of its
/// arguments: dX = dY^T dy/dx (reverse-mode differentiation; Rumelhart et al. 1986; Griewank and Walther 2008, section 3.2).
/// </summary>
/// <remarks>Each gradient is an operator too, in a file of its own: <c>LinearInputGradient</c>, <c>LinearWeightGradient</c>.</remarks>
public interface IDifferentiable : IOperator
{
    /// <summary>Reports the matrices and parameters that the operator reads, to which gradients may flow.</summary>
    /// <param name="operands">Receives each of them.</param>
    void Operands(IOperands operands);

    /// <summary>The chain rule: adds dL/dx for each argument that wants its gradient.</summary>
    /// <param name="to">Collects the gradients and runs the operators that compute them.</param>
    /// <param name="y">The operator's result.</param>
    /// <param name="dy">dL/dy, of the shape of y.</param>
    void Backward(IGradients to, Matrix y, Matrix dy);
}

/// <summary>Receives the arguments of an operator.</summary>
public interface IOperands
{
    /// <summary>A matrix; <c>default</c> if it is missing.</summary>
    /// <param name="x">An operand that a gradient may be asked for.</param>
    void Add(Matrix x);

    /// <summary>A parameter; null if it is missing.</summary>
    /// <param name="weight">An operand that may be trained.</param>
    void Add(Weight? weight);
}

/// <summary>Collects the gradients of one backward pass.</summary>
public interface IGradients
{
    /// <summary>Runs the operators that compute the gradients.</summary>
    IComputeBackend Backend { get; }

    /// <summary>Whether a matrix depends on a parameter that is trained.</summary>
    /// <param name="x">An operand, or <c>default</c>.</param>
    /// <returns>False if its gradient would be discarded.</returns>
    bool Wants(Matrix x);

    /// <summary>Whether a parameter is trained.</summary>
    /// <param name="weight">An operand, or null.</param>
    /// <returns>False if it is frozen.</returns>
    bool Wants(Weight? weight);

    /// <summary>Adds to the gradient of a matrix, which several operators may read.</summary>
    /// <param name="x">An operand that wants it.</param>
    /// <param name="gradient">dL/dx through this operator; owned by the collector from then on.</param>
    void Add(Matrix x, Matrix gradient);

    /// <summary>Adds to the gradient of a parameter.</summary>
    /// <param name="weight">A parameter that wants it.</param>
    /// <param name="add">Takes the sum so far, or <c>default</c>, and returns a new matrix: that sum plus the gradient through this
    /// operator.</param>
    void Add(Weight weight, Func<Matrix, Matrix> add);
}
