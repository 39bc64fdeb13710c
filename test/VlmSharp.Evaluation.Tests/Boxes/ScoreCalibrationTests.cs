using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Tests.Boxes;

/// <summary>Reliability and thresholds, compared with numbers computed by hand.</summary>
public sealed class ScoreCalibrationTests
{
    private static readonly ScoreCalibration Five = new([(0.95, true), (0.85, true), (0.82, false), (0.3, true), (0.1, false)], things: 4);

    [Fact]
    public void Ranges_have_their_mean_score_and_precision()
    {
        IReadOnlyList<ReliabilityBin> bins = Five.Bins();
        Assert.Equal([(0.1, 1), (0.3, 1), (0.8, 2), (0.9, 1)], bins.Select(bin => (bin.From, bin.Count)));
        Assert.Equal([0.1, 0.3, 0.835, 0.95], bins.Select(bin => Math.Round(bin.MeanScore, 12)));
        Assert.Equal([0, 1, 0.5, 1], bins.Select(bin => bin.Precision));
        Assert.Equal((0.1 + 0.7 + 2 * 0.335 + 0.05) / 5, Five.ExpectedCalibrationError(), 1e-12);
        Assert.Equal(Math.Abs(0.6 - (0.95 + 0.85 + 0.82 + 0.3 + 0.1) / 5), Five.ExpectedCalibrationError(1), 1e-12);
    }

    [Fact]
    public void A_threshold_keeps_the_scores_that_reach_it()
    {
        Assert.Equal(new OperatingPoint(0.85, 1, 0.5), Five.At(0.85));
        Assert.Equal(2 * 0.6 * 0.75 / 1.35, Five.At(0).F1, 1e-12);
        Assert.Equal(new OperatingPoint(0.99, 1, 0), Five.At(0.99));
        Assert.Equal(0, Five.At(0.99).F1);
        OperatingPoint best = Five.Best(); // three of four boxes right, three of four things found, from 0.11 to 0.3
        Assert.Equal((0.75, 0.75), (best.Precision, best.Recall));
        Assert.InRange(best.Threshold, 0.19, 0.22);
    }

    [Fact]
    public void A_calibrated_score_has_no_error()
    {
        var random = new Random(1);
        var calibration = new ScoreCalibration(
            Enumerable.Range(0, 50_000).Select(_ => random.NextDouble()).Select(p => (p, random.NextDouble() < p)), 25_000);
        Assert.InRange(calibration.ExpectedCalibrationError(), 0, 0.01);
        Assert.Equal(10, calibration.Bins().Count);
    }

    [Fact]
    public void No_boxes_are_no_error_and_a_score_above_1_is_refused()
    {
        var nothing = new ScoreCalibration([], 3);
        Assert.Equal((0, 0), (nothing.ExpectedCalibrationError(), nothing.Bins().Count));
        Assert.Equal(0, nothing.Best().F1);
        Assert.Throws<ArgumentException>(() => new ScoreCalibration([(1.5, true)], 1));
        Assert.Throws<ArgumentException>(() => new ScoreCalibration([(double.NaN, true)], 1));
    }
}
