using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;
using VlmSharp.Training.Data;

namespace VlmSharp.Training.Tests.Data;

/// <summary>VQA, COCO and folders.</summary>
public sealed class DatasetFormatTests : IDisposable
{
    private const string Instances = """
        {
          "images": [
            {"id": 5, "file_name": "a.png", "width": 200, "height": 100}, {"id": 6, "file_name": "b.png", "width": 100, "height": 100},
            {"id": 7, "file_name": "c.png", "width": 10, "height": 10}
          ],
          "annotations": [
            {"id": 1, "image_id": 5, "category_id": 2, "bbox": [20, 10, 100, 50], "iscrowd": 0, "area": 5000,
             "segmentation": [[20, 10, 120, 10, 120, 60, 20, 60]]},
            {"id": 2, "image_id": 6, "category_id": 1, "bbox": [0, 0, 100, 100], "iscrowd": 1,
             "segmentation": {"size": [100, 100], "counts": [0, 10000]}},
            {"id": 3, "image_id": 5, "category_id": 1, "bbox": [0, 0, 200, 100], "iscrowd": 0,
             "segmentation": {"size": [100, 200], "counts": [0, 20000]}},
            {"id": 4, "image_id": 6, "category_id": 1, "bbox": [5, 5, 0, 9], "iscrowd": 0},
            {"id": 5, "image_id": 6, "category_id": 2, "bbox": [25, 50, 50, 25], "iscrowd": 0,
             "segmentation": [[25, 50, 75, 50, 75, 75, 25, 75]]}
          ],
          "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "traffic light"}]
        }
        """;

    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData("v2_OpenEnded_mscoco_train2014_questions.json", "v2_mscoco_train2014_annotations.json"),
        InlineData("questions.json", "annotations.json")]
    public void Both_files_of_vqa_make_examples(string questions, string annotations)
    {
        folder.Write(questions, """
            {"info": {"x": [1]}, "data_subtype": "train2014", "questions": [
              {"image_id": 9, "question": "what is it?", "question_id": 91}, {"image_id": 10, "question": "why?", "question_id": 92}]}
            """);
        folder.Write(annotations, """
            {"annotations": [
              {"question_id": 92, "image_id": 10, "multiple_choice_answer": "so"},
              {"question_id": 91, "image_id": 9, "multiple_choice_answer": "cat",
                "answers": [{"answer": "cat", "answer_id": 1}, {"answer": "cat", "answer_id": 2}, {"answer": "kitten", "answer_id": 3}]}]}
            """);
        folder.Picture("train2014/COCO_train2014_000000000009.jpg");
        foreach (string file in new[] { questions, annotations })
        {
            using TrainingData data = TrainingData.Open(folder.At(file));
            Assert.Equal((DataFormat.Vqa, 2), (data.Format, data.Count));
            Assert.Equal(("answer en what is it?", "91"), (data[0].Prefix, data[0].Id));
            Assert.Equal(["cat", "cat", "kitten"], data[0].Suffixes);
            Assert.Equal(["so"], data[1].Suffixes);
            Assert.Equal([folder.At("train2014/COCO_train2014_000000000009.jpg")], data[0].Images);
            Assert.Equal([folder.At("train2014/COCO_train2014_000000000010.jpg")], data[1].Images);
        }

        List<TrainingExample> elsewhere =
            DataFolder.Read(folder.At(questions), new DataOptions { ImageFolder = "/pictures", Prefix = "{question}" });
        Assert.Equal(("what is it?", "/pictures/COCO_train2014_000000000009.jpg"), (elsewhere[0].Prefix, elsewhere[0].Images[0]));
    }

    [Fact]
    public void A_question_without_answer_and_a_missing_file_are_reported()
    {
        string path = folder.Write("questions.json", """{"questions": [{"image_id": 9, "question": "what is it?", "question_id": 91}]}""");
        Assert.Contains("annotations.json beside it", Assert.Throws<TrainingDataException>(() => TrainingData.Open(path)).Message,
            StringComparison.Ordinal);
        string answers = folder.Write("other.json", """{"annotations": []}""");
        var error = Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { Annotations = answers }));
        Assert.Contains("(question 91): ", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("[]"), InlineData("3"), InlineData("[3]"), InlineData("[{}]")]
    public void Bad_answers_are_reported(string answers)
    {
        string path = folder.Write("questions.json", """{"questions": [{"image_id": 9, "question": "what is it?", "question_id": 91}]}""");
        folder.Write(
            "annotations.json", $$"""{"annotations": [{"question_id": 91, "multiple_choice_answer": "cat", "answers": {{answers}}}]}""");
        Assert.Contains(
            "(annotations[0]): ", Assert.Throws<TrainingDataException>(() => TrainingData.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Captions_of_coco_are_the_references_of_their_picture()
    {
        string path = folder.Write("captions.json", """
            {"annotations": [
              {"id": 1, "image_id": 4, "caption": "A cat. "}, {"id": 2, "image_id": 3, "caption": "a dog"},
              {"id": 3, "image_id": 4, "caption": "one cat"}],
             "images": [{"id": 3, "file_name": "d.jpg", "width": 5, "height": 6}, {"id": 4, "file_name": "c.jpg"},
              {"id": 8, "file_name": "e.jpg"}]}
            """);
        using TrainingData data = TrainingData.Open(path, new DataOptions { ImageFolder = "pictures" });
        Assert.Equal(DataFormat.CocoCaptions, data.Format);
        Assert.Equal([Path.Combine("pictures", "d.jpg")], data[0].Images);
        Assert.Equal(((int, int)?)(5, 6), data[0].StatedSize);
        Assert.Equal(["A cat.", "one cat"], data[1].Suffixes);
        Assert.Equal(("caption en", "4", $"{path} ('4')"), (data[1].Prefix, data[1].Id, data[1].Where));
        Assert.Equal(1, data.LeftOut["pictures without a caption"]);
    }

    [Fact]
    public void Boxes_of_coco_become_locations()
    {
        string path = folder.Write("instances.json", Instances);
        using TrainingData data = TrainingData.Open(path);
        Assert.Equal((DataFormat.CocoInstances, 2), (data.Format, data.Count));
        // 10/100, 20/200, 60/100, 120/200 of 1023, rounded: 102.3, 102.3, 613.8, 613.8.
        Assert.Equal(
            "<loc0102><loc0102><loc0614><loc0614> traffic light ; <loc0000><loc0000><loc1023><loc1023> dog", data[0].Suffixes.Single());
        Assert.Equal("detect traffic light ; dog", data[0].Prefix);
        // 0.5 * 1023 = 511.5 goes to the even 512.
        Assert.Equal("<loc0512><loc0256><loc0767><loc0767> traffic light", data[1].Suffixes.Single());
        Assert.Equal([("boxes without area", 1L), ("crowds", 1L), ("pictures without a box", 1L)],
            data.LeftOut.Select(entry => (entry.Key, entry.Value)));
        Assert.Equal("detect all classes", DataFolder.Read(path, new DataOptions { Prefix = "detect all classes" })[0].Prefix);
    }

    [Fact]
    public void Classes_are_asked_one_by_one_and_absent_ones_have_an_empty_answer()
    {
        string path = folder.Write("instances.json", Instances);
        using TrainingData data = TrainingData.Open(path, new DataOptions { AbsentClasses = 1 });
        Assert.Equal(
            [
                ("5 traffic light", "detect traffic light", "<loc0102><loc0102><loc0614><loc0614> traffic light"),
                ("5 dog", "detect dog", "<loc0000><loc0000><loc1023><loc1023> dog"),
                // and a crowd of dogs, so that dogs are not absent
                ("6 traffic light", "detect traffic light", "<loc0512><loc0256><loc0767><loc0767> traffic light"),
            ],
            Lines(data).Take(3));
        Assert.Equal((4, ""), (data.Count, Lines(data).Last().Answer)); // of picture 7, which holds nothing
        Assert.DoesNotContain("pictures without a box", data.LeftOut.Keys);
        using TrainingData present = TrainingData.Open(path, new DataOptions { AbsentClasses = 0 });
        Assert.DoesNotContain(Lines(present), line => line.Answer.Length == 0);

        static IEnumerable<(string? Id, string Question, string Answer)> Lines(TrainingData data) =>
            Enumerable.Range(0, data.Count).Select(i => (data[i].Id, data[i].Prefix, data[i].Suffixes.Single()));
    }

    [Fact]
    public void Masks_of_coco_become_codes()
    {
        MaskGoldens.WriteSafetensors(folder.At("vae-oid.safetensors"));
        MaskEncoder encoder = MaskEncoder.Load(folder.At("vae-oid.safetensors"));
        List<TrainingExample> examples =
            DataFolder.Read(folder.Write("instances.json", Instances), new DataOptions { MaskEncoder = encoder });
        // A thing that fills its box has the codes of an all-ones mask.
        float[] full = new float[64 * 64];
        Array.Fill(full, 1f);
        string codes = string.Concat(encoder.Encode(full).Select(code => $"<seg{code:D3}>"));
        Assert.Equal("segment traffic light ; dog", examples[0].Prefix);
        Assert.Equal($"<loc0102><loc0102><loc0614><loc0614>{codes} traffic light ; <loc0000><loc0000><loc1023><loc1023>{codes} dog",
            examples[0].Suffixes.Single());
    }

    [Fact]
    public void A_mask_of_the_three_forms_is_the_same()
    {
        var runs = new RunLengthMask(10, 8, [18, 4, 4, 4, 50]); // rows 2 to 5 of the columns 2 and 3
        string outline = "[[2, 2, 4, 2, 4, 6, 2, 6]]",
            numbers = """{"size": [8, 10], "counts": [18, 4, 4, 4, 50]}""",
            text = $$"""{"size": [8, 10], "counts": "{{runs.ToCompressed()}}"}""";
        byte[][] masks = [.. new[] { outline, numbers, text }.Select(json => Draw(json, 10, 8).Pixels)];
        Assert.Equal(8, masks[0].Count(pixel => pixel == 255));
        Assert.Equal(255, masks[0][2 * 10 + 2]);
        Assert.Equal(255, masks[0][5 * 10 + 3]);
        Assert.Equal(masks[0], masks[1]);
        Assert.Equal(masks[0], masks[2]);
    }

    [Fact]
    public void Outlines_fill_what_they_enclose()
    {
        // A disc of radius 30: checks the area and every pixel that is clearly inside or outside.
        double[] circle =
        [
            .. Enumerable.Range(0, 200)
                .SelectMany(i => new[] { 50 + 30 * Math.Cos(i * Math.PI / 100), 40 + 30 * Math.Sin(i * Math.PI / 100) })
        ];
        GrayImage mask = Draw($"[[{string.Join(", ", circle)}]]", 100, 80);
        Assert.InRange(mask.Pixels.Count(pixel => pixel == 255), 0.98 * Math.PI * 900, 1.02 * Math.PI * 900);
        for (int y = 0; y < 80; y++)
            for (int x = 0; x < 100; x++)
            {
                double distance = Math.Sqrt(Math.Pow(x + 0.5 - 50, 2) + Math.Pow(y + 0.5 - 40, 2));
                if (Math.Abs(distance - 30) > 1) Assert.Equal(distance < 30 ? 255 : 0, mask.Row(y)[x]);
            }

        // Two outlines make one thing; parts outside of the picture do not count.
        Assert.Equal(
            2 * 4 + 25, Draw("[[0, 0, 2, 0, 2, 4, 0, 4], [5, 3, 30, 3, 30, 30, 5, 30]]", 10, 8).Pixels.Count(pixel => pixel == 255));
    }

    [Theory]
    [InlineData("neither a list of outlines nor run lengths", "3")]
    [InlineData("0 outlines", "[]")]
    [InlineData("it takes two for each of at least three corners", "[[1, 2, 3, 4]]")]
    [InlineData("far outside", "[[1, 2, 3, 4, 5, 1e9]]")]
    [InlineData("not a list of numbers", "[3]")]
    [InlineData("need \"size\" and \"counts\"", "{}")]
    [InlineData("the picture has 10 x 8", """{"size": [10, 8], "counts": [80]}""")]
    [InlineData("do not add up", """{"size": [8, 10], "counts": [79]}""")]
    [InlineData("do not add up", """{"size": [8, 10], "counts": [-1, 81]}""")]
    [InlineData("not a run-length mask", """{"size": [8, 10], "counts": "!!"}""")]
    [InlineData("not a list of numbers", """{"size": [8, 10], "counts": {}}""")]
    public void Bad_masks_are_refused(string what, string json) =>
        Assert.Contains(what, Assert.Throws<FormatException>(() => Draw(json, 10, 8)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_outline_with_too_many_turns_is_refused()
    {
        string zigzag = string.Join(", ", Enumerable.Range(0, 1000).Select(i => i % 2 == 0 ? "0, 0" : "2000, 1500"));
        Assert.Contains(
            "far longer", Assert.Throws<FormatException>(() => Draw($"[[{zigzag}]]", 2000, 1500)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("annotations[0]", "a box", """{"images": [], "annotations": [{"image_id": 1}], "categories": []}""")]
    [InlineData(
        "annotations[0]",
        "4 belong",
        """{"images": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3]}], "categories": []}""")]
    [InlineData(
        "(image 1)",
        "not in the list of pictures",
        """{"images": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}], "categories": []}""")]
    [InlineData(
        "(image 1)",
        "not in the list of categories",
        """{"images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],"""
            + """ "categories": []}""")]
    [InlineData(
        "(image 1)",
        "no \"width\"",
        """{"images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],"""
            + """ "categories": [{"id": 1, "name": "x"}]}""")]
    [InlineData(
        "images[1]",
        "another picture",
        """{"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}], "annotations": [], "categories": []}""")]
    [InlineData(
        "images[0]",
        "over the limit",
        """{"images": [{"id": 1, "file_name": "a", "width": 60000, "height": 60000}], "annotations": [], "categories": []}""")]
    [InlineData(
        "images[0]",
        "from 1 to 65535",
        """{"images": [{"id": 1, "file_name": "a", "width": 0, "height": 5}], "annotations": [], "categories": []}""")]
    [InlineData(
        "categories[0]", "which part the things", """{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a;b"}]}""")]
    public void Errors_in_coco_files_are_reported(string place, string what, string json)
    {
        string path = folder.Write("instances.json", json);
        var error =
            Assert.Throws<TrainingDataException>(() => TrainingData.Open(path, new DataOptions { Format = DataFormat.CocoInstances }));
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        if (what != "a box") Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_beside_pictures_are_their_answers()
    {
        folder.Picture("b.png");
        folder.Picture("a.png");
        folder.Write("a.txt", "a cat\r\n\r\none cat\n");
        folder.Write("b.txt", "");
        folder.Write("notes.txt", "no picture");
        using (TrainingData data = TrainingData.Open(folder.Path))
        {
            Assert.Equal((DataFormat.TextFolder, 2), (data.Format, data.Count));
            Assert.Equal([folder.At("a.png")], data[0].Images);
            Assert.Equal(["a cat", "one cat"], data[0].Suffixes);
            Assert.Equal([""], data[1].Suffixes);
            Assert.Equal(("caption en", folder.At("a.txt")), (data[0].Prefix, data[0].Where));
        }

        folder.Picture("c.png");
        Assert.Contains("c.txt is not beside it", Assert.Throws<TrainingDataException>(() => TrainingData.Open(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_of_pictures_are_labels()
    {
        folder.Picture("dog/1.png");
        folder.Picture("cat/2.png");
        folder.Picture("cat/1.png");
        using TrainingData data = TrainingData.Open(folder.Path);
        Assert.Equal((DataFormat.LabelFolder, 3), (data.Format, data.Count));
        Assert.Equal(["cat", "cat", "dog"], Enumerable.Range(0, 3).Select(i => data[i].Suffixes.Single()));
        Assert.Equal([folder.At("cat/1.png")], data[0].Images);
        Assert.Equal("answer en what is this?", data[0].Prefix);
    }

    [Fact]
    public void An_empty_folder_is_refused() =>
        Assert.Contains("nor folders of pictures", Assert.Throws<TrainingDataException>(() => TrainingData.Open(folder.Path)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Every_form_has_a_name() =>
        Assert.Equal(Enum.GetValues<DataFormat>(), DataFormats.All.Select(name => DataFormats.Find(name)!.Value));

    private static GrayImage Draw(string json, int width, int height) =>
        CocoMask.Draw(System.Text.Json.JsonDocument.Parse(json).RootElement, width, height);
}
