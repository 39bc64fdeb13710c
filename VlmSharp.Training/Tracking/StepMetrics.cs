namespace VlmSharp.Training.Tracking;

/// <summary>What is known of an optimizer step.</summary>
/// <param name="Step">Its number, from 0.</param>
/// <param name="Loss">Of its batches, before the update.</param>
/// <param name="GradientNorm">The global norm of the mean gradient, before clipping.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Tokens">Tokens of its batches.</param>
/// <param name="TokensPerSecond">How fast they were.</param>
public readonly record struct StepMetrics(long Step, double Loss, double GradientNorm, double Rate, long Tokens, double TokensPerSecond)
{
    /// <summary>The step from 1, as people count: what is shown to them.</summary>
    public long Number => Step + 1;
}
