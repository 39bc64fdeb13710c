namespace VlmSharp.Tasks;

/// <summary>What is known of the steps that spelled a box.</summary>
/// <param name="Locations">Top, left, bottom, right as the model said them, 0 to 1023.</param>
/// <param name="LogProbabilities">Of these four tokens.</param>
/// <param name="Rows">For each of them the log-probabilities of all 1,024 places; null where they were not noted.</param>
/// <param name="Label">Log-probability of the label's tokens together; 0 where it has none.</param>
/// <param name="Allowed">Log-probability of all labels together that might follow; null where this was not noted.</param>
internal sealed record BoxEvidence(int[] Locations, float[] LogProbabilities, float[]?[] Rows, double Label, double? Allowed);
