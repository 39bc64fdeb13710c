namespace VlmSharp.Evaluation.Statistics;

/// <summary>A range in which a score would lie 95 times of 100, had other examples been drawn.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public readonly record struct Interval(double Low, double High);
