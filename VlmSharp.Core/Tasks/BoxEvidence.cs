namespace VlmSharp.Tasks;

/// <summary>The model's probabilities in the steps that produced a box.</summary>
/// <param name="Locations">Top, left, bottom, right as the model gave them, 0 to 1023.</param>
/// <param name="LogProbabilities">Of these four tokens.</param>
/// <param name="Rows">For each of them, the log-probabilities of all 1,024 locations; null if they were not noted.</param>
/// <param name="Label">Log-probability of the label's tokens together; 0 without a label.</param>
/// <param name="Allowed">Log-probability of all allowed labels together; null if it was not noted.</param>
internal sealed record BoxEvidence(int[] Locations, float[] LogProbabilities, float[]?[] Rows, double Label, double? Allowed);
