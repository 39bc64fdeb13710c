namespace VlmSharp.Training.Data;

/// <summary>This rank's part of a batch.</summary>
/// <param name="Number">Which batch of the stream, from 0.</param>
/// <param name="Examples">Its examples; fewer than asked for where some were skipped or the stream ends, and perhaps none.</param>
/// <param name="Next">Where the stream goes on after this batch: what a checkpoint made after its step saves.</param>
/// <param name="Skipped">For each example that could not be used where it stands and why.</param>
public sealed record TrainingBatch(
    long Number, IReadOnlyList<PreparedExample> Examples, StreamPosition Next, IReadOnlyList<DataFault> Skipped)
{
    /// <summary>Tokens to be predicted in this part.</summary>
    public long Targets => Examples.Sum(example => (long)example.Tokens.TargetCount);

    /// <summary>Tokens that did not fit the length.</summary>
    public long Cut => Examples.Sum(example => (long)example.Tokens.Cut);
}
