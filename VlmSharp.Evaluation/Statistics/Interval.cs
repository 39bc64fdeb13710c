namespace VlmSharp.Evaluation.Statistics;

/// <summary>The range that would contain a score 95 times out of 100 if other examples had been drawn.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public readonly record struct Interval(double Low, double High);
