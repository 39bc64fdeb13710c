namespace VlmSharp.Evaluation.Answers;

/// <summary>How answers are scored, where the benchmarks' scripts differ.</summary>
public sealed record AnswerOptions
{
    /// <summary>How an answer becomes a score from 0 to 1.</summary>
    public AnswerMetric Metric { get; init; } = AnswerMetric.Vqa;

    /// <summary>
    /// Whether case is ignored, for <see cref="AnswerMetric.Exact"/> and <see cref="AnswerMetric.Relaxed"/>.
    /// </summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Whether an answer that is exactly half wrong scores 0.5, for <see cref="AnswerMetric.Anls"/>.</summary>
    public bool KeepAnlsBoundary { get; init; }
}
