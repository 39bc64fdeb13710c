namespace VlmSharp.Evaluation.Boxes;

/// <summary>Detections in a range of scores.</summary>
/// <param name="From">The range's lower end.</param>
/// <param name="Count">Detections in it.</param>
/// <param name="MeanScore">Mean of their scores; calibrated, it is their precision.</param>
/// <param name="Precision">The share of them that is right, 0 to 1.</param>
public readonly record struct ReliabilityBin(double From, int Count, double MeanScore, double Precision);

/// <summary>Detections above a threshold.</summary>
/// <param name="Threshold">The lowest score that is kept.</param>
/// <param name="Precision">The share of them that is right; 1 if there are none.</param>
/// <param name="Recall">The share of the things that is found.</param>
public readonly record struct OperatingPoint(double Threshold, double Precision, double Recall)
{
    /// <summary>Harmonic mean of precision and recall; 0 if nothing is right.</summary>
    public double F1 => Precision + Recall > 0 ? 2 * Precision * Recall / (Precision + Recall) : 0;
}

/// <summary>
/// Whether a score equals the probability of being right (Guo et al. 2017, "On calibration of modern neural networks", section 2), and
/// which threshold a user would choose.
/// </summary>
public sealed class ScoreCalibration
{
    private const double Step = 0.01; // between the thresholds that are tried

    private readonly (double Score, bool IsRight)[] boxes; // highest score first
    private readonly int things;

    /// <summary>Takes detections.</summary>
    /// <param name="boxes">Score, 0 to 1, and whether the box is right.</param>
    /// <param name="things">The number of things to find.</param>
    public ScoreCalibration(IEnumerable<(double Score, bool IsRight)> boxes, int things)
    {
        ArgumentNullException.ThrowIfNull(boxes);
        this.boxes = [.. boxes.OrderByDescending(box => box.Score)];
        this.things = things;
        if (this.boxes.Any(box => !(box.Score is >= 0 and <= 1)))
            throw new ArgumentException("A score is not between 0 and 1.", nameof(boxes));
    }

    /// <summary>The reliability curve: ranges of equal width with their mean score and precision. Empty ranges are left out.</summary>
    /// <param name="count">The number of ranges, at least 1.</param>
    /// <returns>The ranges, lowest first.</returns>
    public IReadOnlyList<ReliabilityBin> Bins(int count = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. boxes
            .GroupBy(box => Math.Min((int)(box.Score * count), count - 1))
            .OrderBy(bin => bin.Key)
            .Select(bin => new ReliabilityBin(
                (double)bin.Key / count,
                bin.Count(),
                bin.Average(box => box.Score),
                bin.Average(box => box.IsRight ? 1.0 : 0)))];
    }

    /// <summary>ECE = sum over ranges of share * |precision - mean score| (Guo et al. 2017, equation 3).</summary>
    /// <param name="count">The number of ranges.</param>
    /// <returns>0 to 1; 0 if there are no detections.</returns>
    public double ExpectedCalibrationError(int count = 10) =>
        boxes.Length == 0 ? 0 : Bins(count).Sum(bin => bin.Count * Math.Abs(bin.Precision - bin.MeanScore)) / boxes.Length;

    /// <summary>Precision and recall of the detections above a threshold.</summary>
    /// <param name="threshold">The lowest score that is kept.</param>
    /// <returns>Precision and recall there.</returns>
    public OperatingPoint At(double threshold)
    {
        int kept = boxes.TakeWhile(box => box.Score >= threshold).Count(), right = boxes.Take(kept).Count(box => box.IsRight);
        return new OperatingPoint(threshold, kept == 0 ? 1 : (double)right / kept, things == 0 ? 0 : (double)right / things);
    }

    /// <summary>The two-digit threshold with the best F1; among equal ones, the middle one.</summary>
    /// <returns>Precision and recall there.</returns>
    public OperatingPoint Best()
    {
        OperatingPoint[] points = [.. Enumerable.Range(0, (int)(1 / Step) + 1).Select(i => At(i / 100.0))];
        double best = points.Max(point => point.F1);
        OperatingPoint[] equal = [.. points.Where(point => point.F1 >= best - 1e-12)];
        return equal[equal.Length / 2];
    }
}
