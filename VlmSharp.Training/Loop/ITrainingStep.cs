using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Loop;

/// <summary>The forward and the backward pass: what turns examples into gradients.</summary>
/// <typeparam name="TBatch">Encoded examples.</typeparam>
public interface ITrainingStep<in TBatch>
{
    /// <summary>
    /// Computes the gradient of a batch's loss, summed and not averaged. Called several times a step when batches are accumulated: with the
    /// last one (<see cref="StepContext.IsLast"/>) each parameter is given the sum of all (<see cref="Parameter.SetGradient"/>). The
    /// trainer divides by the sum of all weights, so that a token counts the same in whichever batch it stands.
    /// </summary>
    /// <param name="batch">The examples.</param>
    /// <param name="context">Which step it is.</param>
    /// <returns>The loss, not scaled, and how much it weighs.</returns>
    BatchLoss Accumulate(TBatch batch, in StepContext context);
}

/// <summary>Which step it is. Draws (dropout) are functions of it, so that a run that goes on draws the same.</summary>
/// <param name="Step">Number of the optimizer step, from 0.</param>
/// <param name="Batch">Number of the batch within the step, from 0.</param>
/// <param name="Seed">The run's.</param>
/// <param name="IsLast">Whether it is the step's last batch: then the gradients are complete.</param>
public readonly record struct StepContext(long Step, int Batch, long Seed, bool IsLast);

/// <summary>The loss of a batch.</summary>
/// <param name="Sum">Summed over its target tokens; for a mean over examples, over its examples' own means.</param>
/// <param name="Weight">What the sum is to be divided by: target tokens, or examples.</param>
/// <param name="Tokens">Tokens that went through the network.</param>
public readonly record struct BatchLoss(double Sum, double Weight, long Tokens);
