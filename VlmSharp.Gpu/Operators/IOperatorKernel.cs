using VlmSharp.Compute;

namespace VlmSharp.Gpu.Operators;

/// <summary>
/// Queues an operator's kernels. <see cref="GpuOperators{TCore}"/> is partial: one file for each operator, which implements this
/// interface for it and has the kernel, with its equation and how threads map to it.
/// </summary>
/// <typeparam name="TOperator">The operator.</typeparam>
internal interface IOperatorKernel<TOperator> where TOperator : struct, IOperator
{
    /// <summary>Queues it.</summary>
    /// <param name="op">The operator with arguments that fit.</param>
    /// <param name="shape">The result's shape; not looked at by an operator that has an effect and no result.</param>
    /// <returns>Its result, owned by the caller; <c>default</c> of an operator that has none.</returns>
    Matrix Run(in TOperator op, MatrixShape shape);
}
