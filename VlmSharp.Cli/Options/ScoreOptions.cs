namespace VlmSharp.Cli.Options;

/// <summary>What <c>eval score</c> for captions and answers is to do.</summary>
/// <param name="Predictions">The file of predictions.</param>
/// <param name="References">The file of references.</param>
/// <param name="AllowPartial">Whether what has no counterpart is left out.</param>
/// <param name="IntervalSeed">The seed of the draws for intervals, or null for no intervals.</param>
/// <param name="Records">Where to write the examples, or null.</param>
/// <param name="Json">Whether to write JSON.</param>
internal sealed record ScoreOptions(
    string Predictions, string References, bool AllowPartial, long? IntervalSeed, string? Records, bool Json);
