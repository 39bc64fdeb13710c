namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// What became of a detection: a bit for each of the ten IoU thresholds of <see cref="CocoParameters.Thresholds"/>.
/// </summary>
/// <param name="Matched">Where it has a thing of its own, which may be one that does not count.</param>
/// <param name="Ignored">Where it is neither right nor wrong: its thing is a crowd or of another size, or it has none and is itself of another size.</param>
internal readonly record struct Outcome(ushort Matched, ushort Ignored)
{
    /// <summary>Whether it is right at a threshold.</summary>
    public bool IsRight(int threshold) => ((Matched & ~Ignored) >> threshold & 1) != 0;

    /// <summary>Whether it is wrong at a threshold.</summary>
    public bool IsWrong(int threshold) => ((Matched | Ignored) >> threshold & 1) == 0;
}

/// <summary>A detection that was held against the truth.</summary>
/// <param name="Score">Its score.</param>
/// <param name="Overlap">Its largest IoU with a thing of its category; of a crowd its share inside.</param>
/// <param name="Outcomes">For each <see cref="AreaRange"/>.</param>
internal sealed record JudgedBox(double Score, double Overlap, Outcome[] Outcomes);

/// <summary>
/// A picture and a category: all that the metric needs to know of them. The records of a data set, whatever order they come in, give
/// its score, so that shards are merged by putting their records together.
/// </summary>
/// <param name="Image">The picture's id.</param>
/// <param name="Category">The category's id.</param>
/// <param name="Things">How many things there are to find, for each <see cref="AreaRange"/>.</param>
/// <param name="Detections">The surest first, at most <see cref="CocoParameters.MostDetections"/>.</param>
internal sealed record DetectionRecord(string Image, string Category, int[] Things, IReadOnlyList<JudgedBox> Detections);
