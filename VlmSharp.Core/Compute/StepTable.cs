namespace VlmSharp.Compute;

/// <summary>
/// The sequences of a step as an argument of operators, from <see cref="IComputeBackend.Prepare"/>. A device backend derives its own class,
/// with the table in device memory. Kernels read lengths, prefixes and addresses of caches there, so that a recorded step stays valid when
/// the lengths grow.
/// </summary>
/// <param name="batch">The step on the host.</param>
public class StepTable(SequenceBatch batch)
{
    /// <summary>The step on the host.</summary>
    public SequenceBatch Batch { get; } = batch;

    /// <summary>Rows of the step: the sum over all sequences.</summary>
    public int Rows => Batch.TotalRows;
}
