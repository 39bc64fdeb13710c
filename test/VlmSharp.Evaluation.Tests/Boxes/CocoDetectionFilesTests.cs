using System.Globalization;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Tests.Boxes;

/// <summary>COCO's files: what may be absent, and what is refused with an error.</summary>
public sealed class CocoDetectionFilesTests : IDisposable
{
    private const string Truth = """
        {"images": [{"id": 1}, {"id": 2}], "categories": [{"id": 5, "name": "cat"}],
         "annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 10]}]}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""[{"image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 10], "score": 1}]""", Truth)]
    [InlineData("""[{"image_id": "1", "category_id": "5", "bbox": [0, 0, 10, 10], "score": 1e0}]""", Truth)]
    [InlineData(
        """[{"image_id": 1.0, "category_id": 5, "bbox": [0, 0, 10, 10], "score": 1, "segmentation": null, "more": {}}]""",
        """{"annotations": [{"image_id": "1", "category_id": "5", "bbox": [0, 0, 10, 10]}]}""")]
    [InlineData(
        """[{"image_id": "a b", "category_id": "cat", "bbox": [0, 0, 10, 10], "score": 1}]""",
        """{"annotations": [{"image_id": "a b", "category_id": "cat", "bbox": [0, 0, 10, 10], "area": 80, "iscrowd": 0}],"""
            + """ "info": {"year": 1}, "images": [{"id": "a b", "file_name": "x"}]}""")]
    public void Ids_are_numbers_or_texts_and_optional_members_may_be_absent(string predictions, string references)
    {
        CocoDetectionFiles files = Read(predictions, references);
        Assert.Equal((1.0, 1, 1), (Math.Round(files.Metric.Scores().Ap, 12), files.Things, files.Detections));
    }

    [Fact]
    public void Area_comes_from_the_annotation_and_of_detections_from_the_box()
    {
        DetectionScores scores = Read(
            """[{"image_id": 1, "category_id": 5, "bbox": [0, 0, 100, 100], "score": 1}]""",
            """{"annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, 100, 100], "area": 900}]}""").Metric.Scores();
        Assert.Equal((1, 1, -1, -1), (Math.Round(scores.Ap, 12), Math.Round(scores.ApSmall, 12), scores.ApMedium, scores.ApLarge));
    }

    /// <summary>Every box in a picture without things is wrong. A category without things has no figures.</summary>
    [Fact]
    public void Pictures_and_categories_without_things_are_known()
    {
        CocoDetectionFiles files = Read(
            """
            [{"image_id": 2, "category_id": 5, "bbox": [0, 0, 10, 10], "score": 2},
             {"image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 10], "score": 1},
             {"image_id": 2, "category_id": 6, "bbox": [0, 0, 10, 10], "score": 2}]
            """,
            Truth);
        Assert.Equal(0.5, files.Metric.Scores().Ap, 1e-12);
        Assert.Equal((2, 1, 3, 1), (files.Images, files.Things, files.Detections, files.DetectionsWithoutThings));
        Assert.Equal(("cat", "6"), (files.NameOf("5"), files.NameOf("6")));
    }

    [Fact]
    public void Detections_of_unknown_images_are_reported()
    {
        string many = string.Join(
            ",",
            Enumerable.Range(1, 14)
                .Select(id =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $$"""{"image_id": {{100 - id}}, "category_id": 5, "bbox": [0, 0, 1, 1], "score": 1}""")));
        string message = Refused($"[{many}]", Truth);
        Assert.Contains("86, 87, 88, 89, 90, 91, 92, 93, 94, 95 and 4 more", message, StringComparison.Ordinal);
        Assert.Contains("predictions.json has detections of images that", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", Truth, "predictions.json is not a JSON list")]
    [InlineData("[1]", Truth, "predictions.json ([0]): it has no \"score\"")]
    [InlineData("""[{"category_id": 5, "bbox": [0, 0, 1, 1], "score": 1}]""", Truth, "predictions.json ([0]): it has no \"image_id\"")]
    [InlineData("""[{"image_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]""", Truth, "it has no \"category_id\"")]
    [InlineData("""[{"image_id": 1, "category_id": 5, "score": 1}]""", Truth, "it has no \"bbox\"")]
    [InlineData("""[{"image_id": 1, "category_id": 5, "bbox": [0, 0, 1], "score": 1}]""", Truth, "\"bbox\" has 3 numbers, where 4 belong")]
    [InlineData("""[{"image_id": 1, "category_id": 5, "bbox": [0, 0, -1, 1], "score": 1}]""", Truth, "negative width or height")]
    [InlineData("""[{"image_id": 1, "category_id": 5, "bbox": [0, 0, 1e300, 1], "score": 1}]""", Truth, "far outside")]
    [InlineData("""[{"image_id": 1, "category_id": 5, "bbox": [0, 0, 1, 1], "score": "1"}]""", Truth, "\"score\" is not a number")]
    [InlineData("""[{"image_id": 1, "category_id": 5, "bbox": [0, 0, 1, 1], "score": 1e999}]""", Truth, "\"score\" is not a number")]
    [InlineData("""[{"image_id": 1, "image_id": 2, "category_id": 5, "bbox": [0, 0, 1, 1], "score": 1}]""", Truth, "([0])")]
    [InlineData(
        """[{"image_id": true, "category_id": 5, "bbox": [0, 0, 1, 1], "score": 1}]""",
        Truth,
        "\"image_id\" is neither a text nor a number")]
    [InlineData("[", Truth, "predictions.json is not well-formed JSON")]
    [InlineData("[] []", Truth, "predictions.json is not well-formed JSON")]
    [InlineData("", Truth, "predictions.json is not well-formed JSON")]
    [InlineData("[]", "[]", "references.json is not a JSON object")]
    [InlineData("[]", "{}", "references.json has no \"annotations\"")]
    [InlineData(
        "[]",
        """{"images": [{"id": 1}], "annotations": [{"image_id": 7, "category_id": 5, "bbox": [0, 0, 10, 10]}]}""",
        "annotations of images that are not in its \"images\": 7")]
    [InlineData(
        "[]",
        """{"images": [{"id": 1}, {"id": 1}], "annotations": []}""",
        "references.json (images[1]): the id 1 is that of another picture too")]
    [InlineData("[]", """{"categories": [{"id": 1}, {"id": 1}], "annotations": []}""", "the id 1 is that of another category too")]
    [InlineData(
        "[]",
        """{"annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 10], "area": "big"}]}""",
        "\"area\" is not a number")]
    public void Unusable_files_are_refused_with_a_sentence(string predictions, string references, string expected) =>
        Assert.Contains(expected, Refused(predictions, references), StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains(
            "none.json does not exist",
            Assert.Throws<TrainingDataException>(
                () => CocoDetectionFiles.Read(folder.At("none.json"), Write("references.json", Truth))).Message,
            StringComparison.Ordinal);

    private string Refused(string predictions, string references) =>
        Assert.Throws<TrainingDataException>(() => Read(predictions, references)).Message;

    private CocoDetectionFiles Read(string predictions, string references) =>
        CocoDetectionFiles.Read(Write("predictions.json", predictions), Write("references.json", references));

    private string Write(string name, string text)
    {
        File.WriteAllText(folder.At(name), text);
        return folder.At(name);
    }
}
