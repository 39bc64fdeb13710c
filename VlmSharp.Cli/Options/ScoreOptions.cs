namespace VlmSharp.Cli.Options;

/// <summary>The options of <c>eval score caption</c> and <c>eval score vqa</c>.</summary>
/// <param name="Predictions">The file of predictions.</param>
/// <param name="References">The file of references.</param>
/// <param name="AllowPartial">Whether to leave out examples without a counterpart.</param>
/// <param name="IntervalSeed">The seed of the bootstrap draws, or null for no intervals.</param>
/// <param name="Records">The file to write the examples to, or null.</param>
/// <param name="Json">Whether to write JSON.</param>
internal sealed record ScoreOptions(
    string Predictions, string References, bool AllowPartial, long? IntervalSeed, string? Records, bool Json);
