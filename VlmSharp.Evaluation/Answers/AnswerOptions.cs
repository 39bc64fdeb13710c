namespace VlmSharp.Evaluation.Answers;

/// <summary>How answers are scored, where the benchmarks' programs differ.</summary>
public sealed record AnswerOptions
{
    /// <summary>The metric.</summary>
    public AnswerMetric Metric { get; init; } = AnswerMetric.Vqa;

    /// <summary>
    /// Whether capitals count as small letters, for <see cref="AnswerMetric.Exact"/> and <see cref="AnswerMetric.Relaxed"/>.
    /// </summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Whether an answer that is just half wrong counts a half, for <see cref="AnswerMetric.Anls"/>.</summary>
    public bool KeepAnlsBoundary { get; init; }
}
