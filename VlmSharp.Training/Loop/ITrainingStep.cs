using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Loop;

/// <summary>The forward and the backward pass: what turns examples into gradients.</summary>
/// <typeparam name="TBatch">Encoded examples.</typeparam>
public interface ITrainingStep<in TBatch>
{
    /// <summary>
    /// Computes the gradient of a batch's loss, as a sum and not a mean. Called several times per step if batches are accumulated; with the
    /// last one (<see cref="StepContext.IsLast"/>) each parameter receives the total (<see cref="Parameter.SetGradient"/>). The
    /// trainer divides by the sum of all weights, so that a token counts the same in every batch.
    /// </summary>
    /// <param name="batch">What the batch source gave.</param>
    /// <param name="context">The current step.</param>
    /// <returns>The unscaled loss and its weight.</returns>
    BatchLoss Accumulate(TBatch batch, in StepContext context);
}

/// <summary>The current step. Random draws (dropout) depend only on it, so that a resumed run draws the same.</summary>
/// <param name="Step">Number of the optimizer step, from 0.</param>
/// <param name="Batch">Number of the batch within the step, from 0.</param>
/// <param name="Seed">The seed of the run.</param>
/// <param name="IsLast">Whether it is the step's last batch: then the gradients are complete.</param>
public readonly record struct StepContext(long Step, int Batch, long Seed, bool IsLast);

/// <summary>The loss of a batch.</summary>
/// <param name="Sum">The sum over its target tokens or, for a mean over examples, over the examples' own means.</param>
/// <param name="Weight">The divisor of the sum: target tokens, or examples.</param>
/// <param name="Tokens">Tokens that went through the network.</param>
public readonly record struct BatchLoss(double Sum, double Weight, long Tokens);
