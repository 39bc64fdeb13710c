namespace VlmSharp.Compute.Host;

/// <summary>
/// An operator's arithmetic in host memory. A backend's kernels are in a partial class with one file for each operator, which implements
/// this interface.
/// </summary>
/// <typeparam name="TOperator">A struct with the operator's arguments.</typeparam>
internal interface IKernel<TOperator> where TOperator : struct, IOperator
{
    /// <summary>Computes the result.</summary>
    /// <param name="op">The operator with checked arguments.</param>
    /// <param name="y">Receives the result; <c>default</c> for an operator without one.</param>
    void Run(in TOperator op, HostMatrix y);
}
