namespace VlmSharp.Evaluation.Statistics;

/// <summary>The difference of two runs on the same examples.</summary>
/// <param name="Difference">The second run's score minus the first run's.</param>
/// <param name="Interval">The 95 % interval of the difference.</param>
/// <param name="PValue">How often samples would show such a difference, of either sign, if there were none: twice the share of samples
/// on the other side of 0, or on it.</param>
public sealed record PairedDifference(double Difference, Interval Interval, double PValue);
