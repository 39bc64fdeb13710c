using VlmSharp.Conformance;
using VlmSharp.Training.Data;

namespace VlmSharp.Training.Tests.Data;

public sealed class DataValidatorTests : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Everything_is_found()
    {
        folder.Picture("a.png");
        folder.Write("damaged.png", "no picture");
        File.Copy(GoldenFiles.PathOf("images", "jpg_exif1.jpg"), folder.At("upright.jpg"));
        foreach (int i in new[] { 2, 6 }) File.Copy(GoldenFiles.PathOf("images", $"jpg_exif{i}.jpg"), folder.At($"turned{i}.jpg"));
        const string Box = "<loc0001><loc0002><loc0003><loc0004>";
        string path = folder.Write("train.jsonl", $$$"""
            {"id": 1, "image": "a.png", "prefix": "caption en", "suffix": "cat"}
            {"id": 2, "image": "a.png", "prefix": "caption en", "suffix": "cat"}
            {"id": 1, "image": "gone.png", "prefix": "", "suffix": "dog"}
            {"image": "damaged.png", "prefix": "caption en", "suffix": " "}
            nonsense
            {"image": "upright.jpg", "prefix": "detect cat ; dog", "suffix": "{{{Box}}} cat ; {{{Box}}} cat ; {{{Box}}} dog"}
            {"image": "turned2.jpg", "prefix": "caption en", "suffix": "a tabby cat looking at you"}
            {"image": "turned6.jpg", "prefix": "caption en", "suffix": "cat"}
            """);
        DataReport report = new DataValidator(ExampleEncoderTests.Encoder("pg1", 14)).Validate(path);
        Assert.True(report.IsBad);
        Assert.Equal((7, 6, 1L), (report.Examples, report.Pictures, report.BadLineCount));
        Assert.StartsWith($"{path}:5: it is not valid JSON", report.BadLines.First.Single(), StringComparison.Ordinal);
        Assert.Equal($"{path}:3: {folder.At("gone.png")}", report.MissingPictures.First.Single());
        Assert.StartsWith(
            $"{path}:4: {folder.At("damaged.png")} is not a picture", report.DamagedPictures.First.Single(), StringComparison.Ordinal);
        Assert.Equal([$"{path}:7: {folder.At("turned2.jpg")}", $"{path}:8: {folder.At("turned6.jpg")}"], report.RotatedPictures.First);
        Assert.Equal([$"{path}:3"], report.EmptyPrefixes.First);
        Assert.Equal([$"{path}:4"], report.EmptySuffixes.First);
        Assert.Equal([$"{path}:2"], report.Duplicates.First);
        Assert.Equal([$"{path}:3"], report.DuplicateIds.First);
        Assert.Equal([$"{path}:6", $"{path}:7"], report.OverLong.First);
        Assert.Equal([("cat", 2L), ("dog", 1L)], report.Classes.Top(9));
        Assert.Equal(("cat", 3L), report.Suffixes.Top(1).Single());
        Assert.Equal(("caption en", 5L), report.Prefixes.Top(1).Single());
        int longest = ExampleEncoderTests.Encoder("pg1")
            .CountText("detect cat ; dog", report.Suffixes.Top(9).Single(entry => entry.Value.StartsWith('<')).Value);
        Assert.Equal(("tokens", 7L, longest), (report.LengthUnit, report.TextLengths.Total, report.TextLengths.Quantile(1)));
    }

    [Fact]
    public void Good_data_are_not_bad()
    {
        DataReport report = new DataValidator().Validate(folder.Lines(5));
        Assert.False(report.IsBad);
        Assert.Equal((5, 5, "characters", 4), (report.Examples, report.Pictures, report.LengthUnit, report.TextLengths.Quantile(1)));
    }

    [Fact]
    public void Quick_looks_at_no_pixels()
    {
        string path = folder.Lines(3, damaged: 1);
        File.Delete(folder.At("2.png"));
        DataReport quick = new DataValidator(readPictures: false).Validate(path), full = new DataValidator().Validate(path);
        Assert.Equal((1L, 0L), (quick.MissingPictures.Count, quick.DamagedPictures.Count));
        Assert.Equal((1L, 1L), (full.MissingPictures.Count, full.DamagedPictures.Count));
    }

    [Fact]
    public void A_size_that_is_not_the_stated_one_is_found()
    {
        folder.Picture("a.png", 8, 6);
        folder.Picture("b.png", 8, 6);
        string path = folder.Write("instances.json", """
            {"images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 6}, {"id": 2, "file_name": "b.png", "width": 6, "height": 8}],
             "categories": [{"id": 1, "name": "cat"}],
             "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 4]},
              {"image_id": 2, "category_id": 1, "bbox": [0, 0, 4, 4]}]}
            """);
        DataReport report = new DataValidator().Validate(path);
        Assert.Equal(1, report.OtherSizes.Count);
        Assert.EndsWith("b.png has 8 x 6 pixels, not 6 x 8", report.OtherSizes.First.Single(), StringComparison.Ordinal);
        Assert.False(report.IsBad);
    }

    [Fact]
    public void Lengths_have_quantiles_and_ranges()
    {
        var lengths = new LengthCounts();
        for (int i = 1; i <= 100; i++) lengths.Add(i);
        Assert.Equal([1, 50, 90, 99, 100], new[] { 0, 0.5, 0.9, 0.99, 1 }.Select(lengths.Quantile));
        Assert.Equal(30, lengths.Above(70));
        Assert.Equal([(0, 1, 1L), (2, 3, 2L), (4, 7, 4L), (8, 15, 8L), (16, 31, 16L), (32, 63, 32L), (64, 127, 37L)], lengths.Ranges());
        Assert.Equal(0, new LengthCounts().Quantile(0.5));
    }

    [Theory, InlineData("train.jsonl"), InlineData("deeper/out.jsonl")]
    public void What_is_written_is_read_again(string target)
    {
        folder.Picture("a.png");
        string path = folder.Write("x.jsonl", """
            {"id": "7", "image": "a.png", "prefix": "p \"q\" é <loc0001>", "suffix": "s\nt"}
            {"images": ["a.png", "sub/b.png"], "suffix": ["1", "2"]}
            """);
        string output = folder.Write(target, "");
        using TrainingData data = TrainingData.Open(path);
        using (FileStream stream = File.Create(output)) JsonlWriter.Write(data, stream, Path.GetDirectoryName(output)!);
        using TrainingData again = TrainingData.Open(output);
        Assert.Equal(2, again.Count);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(data[i].Images.Select(Path.GetFullPath), again[i].Images.Select(Path.GetFullPath));
            Assert.Equal((data[i].Prefix, data[i].Id), (again[i].Prefix, again[i].Id));
            Assert.Equal(data[i].Suffixes, again[i].Suffixes);
        }

        if (target == "train.jsonl")
        {
            Assert.StartsWith(
                """{"id":"7","image":"a.png","prefix":"p \"q\" é <loc0001>","suffix":"s\nt"}""",
                File.ReadAllText(output),
                StringComparison.Ordinal);
        }
    }
}
