namespace VlmSharp.Evaluation.Statistics;

/// <summary>How two runs on the same examples differ.</summary>
/// <param name="Difference">The second run's score less the first one's.</param>
/// <param name="Interval">The 95 % interval of the difference.</param>
/// <param name="PValue">How often draws would show such a difference, of either sign, if there were none: twice the share of draws
/// on the other side of 0, or on it.</param>
public sealed record PairedDifference(double Difference, Interval Interval, double PValue);
