using VlmSharp.Compute;

namespace VlmSharp.Gpu.Operators;

/// <summary>
/// Queues an operator's kernels. <see cref="GpuOperators{TCore}"/> is partial: each operator has one file, which implements this interface
/// and contains the kernel, its equation, and how threads map to it.
/// </summary>
/// <typeparam name="TOperator">A struct with the operator's arguments.</typeparam>
internal interface IOperatorKernel<TOperator> where TOperator : struct, IOperator
{
    /// <summary>Queues the work.</summary>
    /// <param name="op">The operator with valid arguments.</param>
    /// <param name="shape">The result's shape; ignored by an operator that has an effect and no result.</param>
    /// <returns>The result, owned by the caller; <c>default</c> for an operator without one.</returns>
    Matrix Run(in TOperator op, MatrixShape shape);
}
