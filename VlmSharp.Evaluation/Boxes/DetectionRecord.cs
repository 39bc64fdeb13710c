namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// The outcome of a detection: a bit for each of the ten IoU thresholds of <see cref="CocoParameters.Thresholds"/>.
/// </summary>
/// <param name="Matched">The thresholds at which it has taken a thing, which may be one that does not count.</param>
/// <param name="Ignored">
/// The thresholds at which it is neither right nor wrong: its thing is a crowd or of another size, or it has none and is itself of another
/// size.
/// </param>
internal readonly record struct Outcome(ushort Matched, ushort Ignored)
{
    /// <summary>Whether it is right at a threshold.</summary>
    public bool IsRight(int threshold) => ((Matched & ~Ignored) >> threshold & 1) != 0;

    /// <summary>Whether it is wrong at a threshold.</summary>
    public bool IsWrong(int threshold) => ((Matched | Ignored) >> threshold & 1) == 0;
}

/// <summary>A detection that was compared with the ground truth.</summary>
/// <param name="Score">The detector's confidence; larger is more confident.</param>
/// <param name="Overlap">Its largest IoU with a thing of its category; for a crowd, its share inside.</param>
/// <param name="Outcomes">One for each <see cref="AreaRange"/>.</param>
internal sealed record JudgedBox(double Score, double Overlap, Outcome[] Outcomes);

/// <summary>
/// What the metric needs to know about one picture and category. The records of a data set determine its score in any order, so shards are
/// merged by combining their records.
/// </summary>
/// <param name="Image">The picture's id.</param>
/// <param name="Category">The category's id.</param>
/// <param name="Things">The number of things to find, for each <see cref="AreaRange"/>.</param>
/// <param name="Detections">The detections, highest score first, at most <see cref="CocoParameters.MostDetections"/>.</param>
internal sealed record DetectionRecord(string Image, string Category, int[] Things, IReadOnlyList<JudgedBox> Detections);
