namespace VlmSharp.Compute.Host;

/// <summary>
/// An operator's arithmetic in host memory. The class that has the kernels of a backend is partial: one file for each operator, which
/// implements this interface for it.
/// </summary>
/// <typeparam name="TOperator">The operator.</typeparam>
internal interface IKernel<TOperator> where TOperator : struct, IOperator
{
    /// <summary>Computes.</summary>
    /// <param name="op">The operator with arguments that fit.</param>
    /// <param name="y">The result, to be filled; <c>default</c> of an operator without one.</param>
    void Run(in TOperator op, HostMatrix y);
}
