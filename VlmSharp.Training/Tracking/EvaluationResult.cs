namespace VlmSharp.Training.Tracking;

/// <summary>What an evaluation found.</summary>
/// <param name="Metrics">Name and value: <c>loss</c>, <c>accuracy</c>.</param>
/// <param name="Samples">Generations to look at.</param>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<SampleGeneration> Samples);

/// <summary>An answer of the model as it is now.</summary>
/// <param name="Prompt">The example's prefix, as the model read it.</param>
/// <param name="Expected">The suffix of the data; null where there is none.</param>
/// <param name="Answer">What the model says.</param>
/// <param name="Png">The picture as a PNG file, small enough for a page; null where there is none.</param>
public sealed record SampleGeneration(string Prompt, string? Expected, string Answer, ReadOnlyMemory<byte>? Png = null);
