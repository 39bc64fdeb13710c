namespace VlmSharp.Training.Gradients;

/// <summary>What is minimized.</summary>
/// <param name="Reduction">How the losses of tokens become one number.</param>
/// <param name="LabelSmoothing">From 0 up to but not 1 (Szegedy et al. 2016, section 7).</param>
public sealed record LossOptions(LossReduction Reduction = LossReduction.TokenMean, float LabelSmoothing = 0);

/// <summary>How the losses of tokens become one number.</summary>
public enum LossReduction
{
    /// <summary>The mean over all target tokens of a step, as in transformers: long answers weigh more.</summary>
    TokenMean,

    /// <summary>The mean over examples of each one's mean, as in big_vision: every example weighs the same.</summary>
    ExampleMean,
}
