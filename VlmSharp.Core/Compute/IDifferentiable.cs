namespace VlmSharp.Compute;

/// <summary>
/// An operator that gradients flow through. With L the loss, y the operator's result and dY = dL/dy, it turns dY into the gradients of its
/// arguments: dX = dY^T dy/dx (reverse-mode differentiation; Rumelhart et al. 1986; Griewank and Walther 2008, section 3.2).
/// </summary>
/// <remarks>Each gradient is an operator too, in a file beside this one: <c>LinearInputGradient</c>, <c>LinearWeightGradient</c>.</remarks>
public interface IDifferentiable : IOperator
{
    /// <summary>Names the matrices and parameters that the operator reads: gradients may flow to them, and the rule finds them again.</summary>
    /// <param name="operands">Hears of each.</param>
    void Operands(IOperands operands);

    /// <summary>The chain rule: adds dL/dx for each argument that wants its gradient.</summary>
    /// <param name="to">Collects the gradients and runs the operators that compute them.</param>
    /// <param name="y">What the operator gave.</param>
    /// <param name="dy">dL/dy, of the shape of y.</param>
    void Backward(IGradients to, Matrix y, Matrix dy);
}

/// <summary>Hears which arguments an operator has.</summary>
public interface IOperands
{
    /// <summary>A matrix; <c>default</c> of one that is left out.</summary>
    /// <param name="x">The matrix.</param>
    void Add(Matrix x);

    /// <summary>A parameter; null of one that is left out.</summary>
    /// <param name="weight">The parameter.</param>
    void Add(Weight? weight);
}

/// <summary>Collects the gradients of one pass backwards.</summary>
public interface IGradients
{
    /// <summary>Runs the operators of the rules.</summary>
    IComputeBackend Backend { get; }

    /// <summary>Whether a parameter that is trained lies behind a matrix.</summary>
    /// <param name="x">An operand, or <c>default</c>.</param>
    /// <returns>False where its gradient would be thrown away.</returns>
    bool Wants(Matrix x);

    /// <summary>Whether a parameter is trained.</summary>
    /// <param name="weight">An operand, or null.</param>
    /// <returns>False where it is frozen.</returns>
    bool Wants(Weight? weight);

    /// <summary>Adds to the gradient of a matrix, which several operators may read.</summary>
    /// <param name="x">An operand that wants it.</param>
    /// <param name="gradient">dL/dx through this operator; taken over.</param>
    void Add(Matrix x, Matrix gradient);

    /// <summary>Adds to the gradient of a parameter.</summary>
    /// <param name="weight">A parameter that wants it.</param>
    /// <param name="add">Gives the sum so far, or <c>default</c>, plus the gradient through this operator, as a new matrix.</param>
    void Add(Weight weight, Func<Matrix, Matrix> add);
}
