namespace VlmSharp.Training.Objectives;

/// <summary>The loss of a batch of pictures and texts, and its gradients.</summary>
/// <param name="Loss">L, in nats.</param>
/// <param name="PictureGradient">dL/dx [n, d].</param>
/// <param name="TextGradient">dL/dy [n, d].</param>
/// <param name="ScaleGradient">dL/dt. Models that learn log t take t dL/dt.</param>
/// <param name="BiasGradient">dL/db; 0 where a loss has no bias.</param>
public sealed record PairLoss(
    double Loss, IReadOnlyList<float> PictureGradient, IReadOnlyList<float> TextGradient, double ScaleGradient, double BiasGradient);
