using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Evaluation.Tests.Boxes;

/// <summary>Referring expressions: boxes, compared with test/golden/metrics/text_and_box.json, and masks.</summary>
public sealed class ReferringTests
{
    private static readonly JsonElement Golden =
        JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "text_and_box.json"))).RootElement;

    /// <summary>The boxes in that file are shares of the sides, so the picture is 1 x 1.</summary>
    [Fact]
    public void Overlaps_equal_the_reference()
    {
        var metric = new ReferringMetric();
        JsonElement[] cases = [.. Golden.GetProperty("refexp").EnumerateArray()];
        Assert.Equal(5, cases.Length);
        foreach (JsonElement c in cases)
        {
            double[] edges = [.. c.GetProperty("gt_yxyx").EnumerateArray().Select(e => e.GetDouble())];
            var truth = new CocoBox(edges[1], edges[0], edges[3] - edges[1], edges[2] - edges[0]);
            string answer = string.Concat(GoldenCase.Ints(c.GetProperty("loc")).Select(at => $"<loc{at:D4}>"));
            ReferringAnswer? read = ReferringAnswer.Read(answer, mask: false);
            Assert.Equal(c.GetProperty("valid").GetBoolean(), read is not null);
            // The reference computes in single precision.
            Assert.Equal(c.GetProperty("iou_1023").GetDouble(), metric.Add(answer, truth, 1, 1) ?? 0, 1e-9);
            Assert.Equal(c.GetProperty("iou_1024").GetDouble(), read?.Box(1, 1, divisor: 1024).IntersectionOverUnion(truth) ?? 0, 1e-9);
        }

        Assert.Equal(new ReferringScores(5, 1, null, 3 / 5.0, 3 / 5.0), metric.Scores());
    }

    [Fact]
    public void Locations_are_spelled_as_in_the_reference() =>
        Assert.All(Golden.GetProperty("loc_encode").EnumerateArray(), c =>
            Assert.Equal(
                c.GetProperty("token").GetInt32(), (int)Math.Round(c.GetProperty("v").GetDouble() * 1023, MidpointRounding.ToEven)));

    [Theory]
    [InlineData("<loc0001><loc0002><loc0003><loc0004>", true)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> cat", true)]
    [InlineData("<loc0001><loc0002><loc0003>", false)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> ; <loc0001><loc0002><loc0003><loc0004>", false)]
    [InlineData("<loc0003><loc0002><loc0003><loc0004>", false)] // no height
    [InlineData("<loc0001><loc0004><loc0003><loc0002>", false)] // right edge left of the left edge
    [InlineData("<loc0001><loc0002><loc0003><loc1024>", false)] // no such token
    [InlineData("<loc0001><loc0002><loc0003><loc0004><seg000>", false)]
    [InlineData("", false)]
    [InlineData(
        "<loc0001><loc0002><loc0003><loc0004><seg000><seg000><seg000><seg000><seg000><seg000><seg000><seg000><seg000><seg000><seg000><seg00"
            + "0><seg000><seg000><seg000><seg127>",
        true)]
    public void An_answer_is_four_locations_in_order(string answer, bool isValid) =>
        Assert.Equal(isValid, ReferringAnswer.Read(answer, mask: false) is not null);

    [Theory]
    [InlineData(16, 127, true)]
    [InlineData(15, 127, false)]
    [InlineData(17, 127, false)]
    [InlineData(16, 128, false)]
    [InlineData(0, 0, false)]
    public void A_mask_is_sixteen_codes(int count, int last, bool isValid)
    {
        string codes = string.Concat(Enumerable.Range(0, count).Select(i => $"<seg{(i == count - 1 ? last : i):D3}>"));
        Assert.Equal(isValid, ReferringAnswer.Read("<loc0001><loc0002><loc0003><loc0004>" + codes, mask: true) is not null);
    }

    /// <summary>A mask is decoded, placed in its box, whose edges are rounded down to whole pixels, and compared in the picture.</summary>
    [Fact]
    public void Masks_are_measured_in_the_picture()
    {
        using var folder = new TemporaryFolder();
        MaskGoldens.WriteSafetensors(folder.At("vae-oid.safetensors"));
        MaskDecoder decoder = MaskDecoder.Load(folder.At("vae-oid.safetensors"));
        int[] codes = MaskGoldens.Codes(0);
        string mask = string.Concat(codes.Select(code => $"<seg{code:D3}>")), answer = $"<loc0102><loc0205><loc0512><loc0900>{mask} cat";
        const int Width = 200, Height = 100;
        var box = new CocoBox(205 * 200 / 1023.0, 102 * 100 / 1023.0, (900 - 205) * 200 / 1023.0, (512 - 102) * 100 / 1023.0);
        // 40.08, 9.97, 175.95, 50.05 are rounded down to 40, 9, 175, 50.
        RunLengthMask truth = new SegmentationMask(decoder.Decode(codes), new Box(40, 9, 175, 50), Width, Height).ToRunLength();
        Assert.InRange(truth.Area, 100, 135 * 41 - 1); // neither empty nor full

        var metric = new ReferringMetric(decoder);
        (double boxes, double masks) = metric.Add(answer, box, truth)!.Value;
        Assert.Equal((1.0, 1.0), (Math.Round(boxes, 12), masks));
        Assert.Null(metric.Add("<loc0102><loc0205><loc0512><loc0900> cat", box, truth)); // no mask: invalid
        var all = new RunLengthMask(Width, Height, [0, Width * Height]);
        masks = metric.Add(answer, box, all)!.Value.Mask;
        Assert.Equal((double)truth.Area / (Width * Height), masks, 1e-12);
        Assert.Equal(0, metric.Add($"<loc0102><loc0205><loc0103><loc0206>{mask}", box, truth)!.Value.Mask); // narrower than a pixel
        Assert.Equal(new ReferringScores(4, 1, (1 + 0 + masks + 0) / 4, 0.5, 0.5), metric.Scores());

        var other = new ReferringMetric(decoder);
        other.Add(answer, box, truth);
        other.Merge(metric);
        Assert.Equal(new ReferringScores(5, 1, (2 + masks) / 5, 0.6, 0.6), other.Scores());
        Assert.Throws<InvalidOperationException>(() => metric.Add(answer, box, Width, Height));
        Assert.Throws<InvalidOperationException>(() => new ReferringMetric().Add(answer, box, truth));
    }

    [Fact]
    public void Overlaps_of_masks_are_those_of_their_pixels()
    {
        var random = new Random(3);
        for (int round = 0; round < 50; round++)
        {
            (int width, int height) = (random.Next(1, 9), random.Next(1, 9));
            bool[] a = Any(), b = Any();
            int shared = a.Zip(b).Count(pair => pair.First && pair.Second), either = a.Zip(b).Count(pair => pair.First || pair.Second);
            Assert.Equal(either == 0 ? 0 : (double)shared / either, MaskOverlap.IntersectionOverUnion(Runs(a), Runs(b)), 1e-15);

            bool[] Any() => [.. Enumerable.Range(0, width * height).Select(_ => random.Next(3) == 0)];

            RunLengthMask Runs(bool[] pixels)
            {
                var runs = new RunLengthBuilder();
                foreach (bool isThing in pixels) runs.Add(1, isThing);
                return runs.ToMask(width, height);
            }
        }
    }
}
