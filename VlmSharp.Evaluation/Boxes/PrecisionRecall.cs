namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// Precision and recall of one category, size and limit on detections, as <c>accumulate</c> of pycocotools computes them. The detections of
/// all pictures are sorted by score. After each of them, with TP right and FP wrong ones so far and n things in all,
/// <code>
/// recall = TP / n,   precision = TP / (TP + FP),
/// precision'(r) = max of precision at recalls >= r,   AP = mean over r = 0, 0.01, ..., 1 of precision'(r)
/// </code>
/// </summary>
/// <param name="Precision">precision'(r), [thresholds, 101]; 0 for recalls that are not reached.</param>
/// <param name="Recall">The largest recall, [thresholds].</param>
internal sealed record PrecisionRecall(double[][] Precision, double[] Recall)
{
    /// <summary>Computes the curves.</summary>
    /// <param name="records">The pictures of one category, in <see cref="IdOrder"/>.</param>
    /// <param name="range">The size of things.</param>
    /// <param name="most">How many of a picture's highest-scoring detections count.</param>
    /// <returns>Null if there is nothing to find.</returns>
    public static PrecisionRecall? Of(IReadOnlyList<DetectionRecord> records, AreaRange range, int most)
    {
        long things = records.Sum(record => (long)record.Things[(int)range]);
        if (things == 0) return null;
        Outcome[] ranked = [.. records // a stable sort: among equal scores, the earlier picture's come first
            .SelectMany(record => record.Detections.Take(most))
            .OrderByDescending(box => box.Score)
            .Select(box => box.Outcomes[(int)range])];
        var precision = new double[CocoParameters.Thresholds.Length][];
        var recall = new double[CocoParameters.Thresholds.Length];
        for (int t = 0; t < precision.Length; t++) (precision[t], recall[t]) = Curve(ranked, t, things);
        return new PrecisionRecall(precision, recall);
    }

    private static (double[] Precision, double Recall) Curve(Outcome[] ranked, int threshold, long things)
    {
        var precisions = new double[ranked.Length];
        var recalls = new double[ranked.Length];
        long right = 0, wrong = 0;
        for (int i = 0; i < ranked.Length; i++)
        {
            if (ranked[i].IsRight(threshold)) right++;
            else if (ranked[i].IsWrong(threshold)) wrong++;
            recalls[i] = (double)right / things;
            precisions[i] = right + wrong == 0 ? 0 : (double)right / (right + wrong);
        }

        for (int i = precisions.Length - 2; i >= 0; i--) precisions[i] = Math.Max(precisions[i], precisions[i + 1]); // the envelope
        var sampled = new double[CocoParameters.Recalls.Length];
        for (int r = 0, i = 0; r < sampled.Length; r++)
        {
            while (i < recalls.Length && recalls[i] < CocoParameters.Recalls[r]) i++;
            if (i == recalls.Length) break;
            sampled[r] = precisions[i];
        }

        return (sampled, recalls.Length == 0 ? 0 : recalls[^1]);
    }
}
