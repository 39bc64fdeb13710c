using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Tests.Boxes;

/// <summary>
/// Compares average precision and recall with an independent implementation of COCO's evaluation (test/golden/metrics/coco_map.json).
/// </summary>
public sealed class DetectionGoldensTests
{
    private static readonly JsonElement Golden =
        JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "coco_map.json"))).RootElement;

    public static TheoryData<string> Cases =>
        [.. Golden.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    [Theory, MemberData(nameof(Cases))]
    public void Every_figure_equals_the_reference(string name)
    {
        JsonElement c = Golden.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        DetectionScores scores = Read(c).Scores();
        JsonElement expected = c.GetProperty("expected");
        string[] keys = ["map", "map50", "map75", "s", "m", "l", "ar1", "ar10", "ar100", "ars", "arm", "arl"];
        Assert.Equal(keys.Length, expected.EnumerateObject().Count());
        Assert.All(keys.Zip(scores.Named), pair => Assert.Equal(expected.GetProperty(pair.First).GetDouble(), pair.Second.Value, 1e-9));
    }

    [Fact]
    public void There_are_four_cases() => Assert.Equal(4, Cases.Count);

    /// <summary>A listed category with neither things nor detections does not count.</summary>
    private static DetectionMetric Read(JsonElement c)
    {
        var metric = new DetectionMetric();
        foreach (JsonElement image in c.GetProperty("images").EnumerateArray())
            foreach (JsonElement category in c.GetProperty("categories").EnumerateArray())
                metric.Add($"{image}", $"{category}", [.. Of("gt", image, category).Select(Thing)], [
                    .. Of("dt", image, category).Select(o => new ScoredBox(Box(o), o.GetProperty("score").GetDouble()))
                ]);
        return metric;

        IEnumerable<JsonElement> Of(string list, JsonElement image, JsonElement category) => c.GetProperty(list).EnumerateArray()
            .Where(o => o.GetProperty("image").GetInt32() == image.GetInt32() && o.GetProperty("cat").GetInt32() == category.GetInt32());
    }

    private static TrueBox Thing(JsonElement o) => new(
        Box(o),
        o.TryGetProperty("area", out JsonElement area) ? area.GetDouble() : Box(o).Area,
        o.TryGetProperty("iscrowd", out JsonElement crowd) && crowd.GetInt32() == 1);

    private static CocoBox Box(JsonElement o)
    {
        double[] box = [.. o.GetProperty("bbox").EnumerateArray().Select(e => e.GetDouble())];
        return new CocoBox(box[0], box[1], box[2], box[3]);
    }
}
