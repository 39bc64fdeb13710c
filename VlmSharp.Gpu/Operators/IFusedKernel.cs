using VlmSharp.Compute;

namespace VlmSharp.Gpu.Operators;

/// <summary>Runs one type of fused operator in fewer launches than its parts would take.</summary>
/// <typeparam name="TOperator">The fused operator.</typeparam>
/// <typeparam name="TResult">Its result.</typeparam>
internal interface IFusedKernel<TOperator, TResult> where TOperator : struct, IFusedOperator<TResult>
{
    /// <summary>Queues the work.</summary>
    /// <param name="op">The operators with their arguments.</param>
    /// <param name="b">Runs the parts that have their own kernels.</param>
    TResult Run(in TOperator op, IComputeBackend b);
}
