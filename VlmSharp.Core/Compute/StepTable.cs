namespace VlmSharp.Compute;

/// <summary>
/// The sequences of a step as its operators take them, from <see cref="IComputeBackend.Prepare"/>. A device backend derives its own,
/// with the table in its memory: kernels read lengths, prefixes and places of caches there, so that a recorded step
/// stays true when the lengths have grown.
/// </summary>
/// <param name="batch">What the host knows of the step.</param>
public class StepTable(SequenceBatch batch)
{
    /// <summary>What the host knows of the step.</summary>
    public SequenceBatch Batch { get; } = batch;

    /// <summary>Rows of the step: the sum over all sequences.</summary>
    public int Rows => Batch.TotalRows;
}
