using System.Globalization;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Tests.Boxes;

/// <summary>Properties of average precision and recall that hold for any boxes, and cases that can be computed by hand.</summary>
public sealed class DetectionMetricTests
{
    private static readonly CocoBox Box = new(10, 10, 40, 40);

    /// <summary>The worked example of docs/evaluation.md: three things and the detections right, wrong, right at IoU 0.5.</summary>
    [Fact]
    public void The_worked_example_of_the_page()
    {
        var metric = new DetectionMetric();
        CocoBox second = new(100, 0, 40, 40), third = new(200, 0, 40, 40), nowhere = new(300, 300, 40, 40);
        metric.Add("1", "1", [new(Box), new(second), new(third)], [new(Box, 0.9), new(nowhere, 0.8), new(second, 0.7)]);
        // Recalls 1/3, 1/3, 2/3 with precisions 1, 1/2, 2/3. Recalls 0 to 0.33 read precision 1 (34 of them), 0.34 to 0.66 read 2/3 (33).
        double byHand = (34 * 1 + 33 * (2.0 / 3)) / 101;
        Assert.Equal(0.5544554455445545, byHand, 1e-15);
        DetectionScores scores = metric.Scores();
        Assert.Equal(byHand, scores.Ap, 1e-12);
        Assert.Equal(byHand, scores.Ap50, 1e-12);
        Assert.Equal(2.0 / 3, scores.Ar100, 1e-12);
        Assert.Equal(1.0 / 3, scores.Ar1, 1e-12);
        string page = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "evaluation.md"));
        Assert.Contains(
            "AP(t) = (34 * 1 + 33 * 2/3) / 101 = " + byHand.ToString("0.0000", CultureInfo.InvariantCulture),
            page,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Perfect_detections_score_1_in_every_figure_that_is_defined()
    {
        var metric = new DetectionMetric();
        foreach (string image in (string[])["a", "b"])
            metric.Add(image, "thing", [new(new(0, 0, 20, 20)), new(new(30, 0, 50, 50)), new(new(0, 100, 150, 150))], [
                new(new(0, 0, 20, 20), 0.2), new(new(30, 0, 50, 50), 0.3), new(new(0, 100, 150, 150), 0.1)
            ]);
        DetectionScores scores = metric.Scores();
        Assert.All(scores.Named.Where(n => n.Name != "ar_1"), figure => Assert.Equal(1, figure.Value, 1e-12));
        Assert.Equal(1.0 / 3, scores.Ar1, 1e-12);
    }

    /// <summary>Detections inside a crowd are neither right nor wrong, however many there are, and a crowd need not be found.</summary>
    [Fact]
    public void A_detection_inside_a_crowd_does_not_count()
    {
        CocoBox crowd = new(200, 200, 100, 100);
        var plain = new DetectionMetric();
        plain.Add("1", "1", [new(Box)], [new(Box, 0.5)]);
        var crowded = new DetectionMetric();
        crowded.Add("1", "1", [new(crowd, crowd.Area, IsCrowd: true), new(Box)], [
            new(new(210, 210, 20, 20), 0.9), new(new(250, 250, 30, 30), 0.8), new(Box, 0.5)
        ]);
        // If only the surest detection of a picture is kept, none that counts is left.
        Assert.Equal(plain.Scores() with { Ar1 = 0 }, crowded.Scores());
        // outside of the crowd, so it is wrong
        crowded.Add("2", "1", [new(crowd, crowd.Area, IsCrowd: true)], [new(new(0, 0, 20, 20), 0.9)]);
        Assert.True(crowded.Scores().Ap < 0.6, $"{crowded.Scores().Ap}");
    }

    /// <summary>A thing is assigned to the surest detection. A second detection of it is wrong.</summary>
    [Fact]
    public void A_second_box_on_a_thing_is_wrong()
    {
        var metric = new DetectionMetric();
        metric.Add("1", "1", [new(Box)], [new(Box, 0.8), new(Box, 0.9)]);
        DetectionRecord record = Assert.Single(metric.Records);
        Assert.Equal([0.9, 0.8], record.Detections.Select(box => box.Score));
        Assert.True(record.Detections[0].Outcomes[0].IsRight(0) && record.Detections[1].Outcomes[0].IsWrong(0));
    }

    /// <summary>A detection with an IoU of 0.95 is right at threshold 0.95: the last threshold is exactly that number.</summary>
    [Fact]
    public void Thresholds_are_those_of_linspace()
    {
        Assert.Equal(10, CocoParameters.Thresholds.Length);
        Assert.Equal((0.5, 0.75, 0.95), (CocoParameters.Thresholds[0], CocoParameters.Thresholds[5], CocoParameters.Thresholds[9]));
        Assert.Equal(101, CocoParameters.Recalls.Length);
        Assert.Equal((0, 0.5, 1), (CocoParameters.Recalls[0], CocoParameters.Recalls[50], CocoParameters.Recalls[100]));
        var metric = new DetectionMetric();
        metric.Add("1", "1", [new(new(0, 0, 100, 100))], [new(new(0, 0, 100, 95), 1)]);
        Assert.Equal(1, metric.Scores().Ap, 1e-12);
    }

    [Fact]
    public void Without_things_to_find_no_figure_is_defined()
    {
        var metric = new DetectionMetric();
        Assert.All(metric.Scores().Named, figure => Assert.Equal(-1, figure.Value));
        metric.Add("1", "1", [], [new(Box, 0.5)]);
        Assert.All(metric.Scores().Named, figure => Assert.Equal(-1, figure.Value));
        metric.Add("1", "2", [new(Box)], []); // a category with things, of medium size
        DetectionScores scores = metric.Scores();
        Assert.Equal((0, 0, -1, 0, -1, 0), (scores.Ap, scores.Ar100, scores.ApSmall, scores.ApMedium, scores.ApLarge, scores.ArMedium));
        Assert.Equal(-1, metric.Scores("1").Ap);
        Assert.Equal(-1, metric.Scores("none").Ap);
    }

    /// <summary>
    /// The order of the pictures makes no difference, nor does the order of boxes with different scores, nor another scale of the scores.
    /// </summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Order_and_scale_make_no_difference(int seed)
    {
        (string Image, string Category, TrueBox[] Truth, ScoredBox[] Found)[] scenes = Scenes(new Random(seed), equalScores: false);
        DetectionScores expected = Of(scenes).Scores();
        var random = new Random(seed + 100);
        DetectionScores shuffled = Of(
            [.. scenes.OrderBy(_ => random.Next()).Select(s => s with { Truth = Shuffled(s.Truth), Found = Shuffled(s.Found) })]).Scores();
        DetectionScores scaled = Of([
            .. scenes.Select(s => s with { Found = [.. s.Found.Select(box => box with { Score = Math.Exp(3 * box.Score) - 7 })] })
        ]).Scores();
        Assert.Equal(expected, shuffled);
        Assert.Equal(expected, scaled);

        T[] Shuffled<T>(T[] list) => [.. list.OrderBy(_ => random.Next())];
    }

    /// <summary>
    /// Among equal scores the earlier box counts as the surer one, and the picture with the lower number comes first, in whatever order
    /// they are added.
    /// </summary>
    [Theory, InlineData(4), InlineData(5)]
    public void Equal_scores_are_in_the_order_of_boxes_and_of_ids(int seed)
    {
        (string Image, string Category, TrueBox[] Truth, ScoredBox[] Found)[] scenes = Scenes(new Random(seed), equalScores: true);
        DetectionScores expected = Of(scenes).Scores();
        Assert.Equal(expected, Of([.. scenes.Reverse()]).Scores());
        // The same order, expressed by different scores.
        int boxes = scenes.Sum(s => s.Found.Length), rank = 0;
        var ordered =
            scenes.Select(s => s with { Found = [.. s.Found.Select(box => box with { Score = box.Score - 1e-6 * rank++ / boxes })] });
        Assert.Equal(expected, Of([.. ordered]).Scores());
    }

    [Fact]
    public void Numbers_of_images_come_before_names_and_by_their_value()
    {
        string[] ids = ["b", "10", "9", "a", "-1"];
        Assert.Equal(["-1", "9", "10", "a", "b"], ids.Order(IdOrder.Instance));
    }

    [Theory, InlineData(6), InlineData(7)]
    public void Merged_shards_equal_the_whole(int seed)
    {
        (string Image, string Category, TrueBox[] Truth, ScoredBox[] Found)[] scenes = Scenes(new Random(seed), equalScores: true);
        DetectionMetric even = Of([.. scenes.Where((_, i) => i % 2 == 0)]), odd = Of([.. scenes.Where((_, i) => i % 2 == 1)]);
        odd.Merge(even);
        Assert.Equal(Of(scenes).Scores(), odd.Scores());
        Assert.Throws<ArgumentException>(() => odd.Merge(even));

        // Records from a file give the same result.
        var read = new DetectionMetric();
        foreach (DetectionRecord record in odd.Records) read.Add(JsonFields.Parse(Written(record), DetectionRecordJson.Read));
        Assert.Equal(odd.Scores(), read.Scores());
    }

    [Theory, InlineData(8), InlineData(9), InlineData(10)]
    public void Figures_are_between_0_and_1_and_in_order(int seed)
    {
        DetectionScores scores = Of(Scenes(new Random(seed), equalScores: seed % 2 == 0)).Scores();
        Assert.All(scores.Named, figure => Assert.True(figure.Value is -1 or (>= 0 and <= 1), $"{figure}"));
        Assert.True(scores.Ap50 >= scores.Ap75 && scores.Ap50 >= scores.Ap, $"{scores}");
        Assert.True(scores.Ar1 <= scores.Ar10 && scores.Ar10 <= scores.Ar100, $"{scores}");
        Assert.True(scores.Ap > 0.05, $"{scores}"); // the scenes contain some right detections
    }

    [Fact]
    public void A_number_that_is_not_finite_is_refused()
    {
        var metric = new DetectionMetric();
        Assert.Throws<ArgumentException>(() => metric.Add("1", "1", [new(Box)], [new(Box, double.NaN)]));
        Assert.Throws<ArgumentException>(() => metric.Add("1", "1", [new(new(0, 0, double.PositiveInfinity, 1))], []));
    }

    private static byte[] Written(DetectionRecord record)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream)) DetectionRecordJson.Write(json, record);
        return stream.ToArray();
    }

    private static DetectionMetric Of((string Image, string Category, TrueBox[] Truth, ScoredBox[] Found)[] scenes)
    {
        var metric = new DetectionMetric();
        foreach ((string image, string category, TrueBox[] truth, ScoredBox[] found) in scenes) metric.Add(image, category, truth, found);
        return metric;
    }

    /// <summary>Thirty pictures of two categories: things of all sizes, crowds, boxes near and far.</summary>
    private static (string Image, string Category, TrueBox[] Truth, ScoredBox[] Found)[] Scenes(Random random, bool equalScores)
    {
        var scenes = new List<(string, string, TrueBox[], ScoredBox[])>();
        foreach (string category in (string[])["1", "2"])
        {
            for (int image = 1; image <= 30; image++)
            {
                TrueBox[] truth =
                    [.. Enumerable.Range(0, random.Next(4)).Select(_ => new TrueBox(Any()) with { IsCrowd = random.Next(8) == 0 })];
                CocoBox[] near = [.. truth.SelectMany(t => Enumerable.Range(0, random.Next(3)).Select(_ => Near(t.Box)))];
                CocoBox[] boxes = [.. near, .. Enumerable.Range(0, random.Next(3)).Select(_ => Any())];
                scenes.Add(($"{image}", category, truth, [
                    .. boxes.Select(box => new ScoredBox(box, equalScores ? random.Next(3) / 2.0 : random.NextDouble()))
                ]));
            }
        }

        return [.. scenes];

        CocoBox Any() =>
            new(random.Next(300), random.Next(300), Math.Exp(2 + 3.2 * random.NextDouble()), Math.Exp(2 + 3.2 * random.NextDouble()));

        CocoBox Near(CocoBox box) =>
            new(
                box.Left + box.Width * 0.2 * (random.NextDouble() - 0.5),
                box.Top,
                box.Width * (0.9 + 0.2 * random.NextDouble()),
                box.Height);
    }
}
