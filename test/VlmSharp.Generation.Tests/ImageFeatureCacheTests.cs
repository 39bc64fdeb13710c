using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Generation.Tests;

/// <summary>Several questions about one picture run the encoder once. Nothing else changes.</summary>
public sealed class ImageFeatureCacheTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public ImageFeatureCacheTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    private long EntryBytes => (long)model.Config.Vision.Patches * model.Config.Text.HiddenSize * sizeof(float);

    private static RgbImage Picture(string name) => ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", name));

    private GenerationResult Ask(RgbImage image, string prompt) =>
        model.Generate([new GenerationRequest { Images = [image], Prompt = prompt }])[0];

    [Fact]
    public void ASecondQuestionFindsThePicture()
    {
        GenerationResult cold = Ask(Picture("cake.png"), "caption en");
        Assert.Equal((0, 1), (model.ImageFeatures.Hits, model.ImageFeatures.Misses));
        Assert.Equal(EntryBytes, model.ImageFeatures.Bytes);
        GenerationResult warm = Ask(Picture("cake.png"), "caption en");
        Assert.Equal((1, 1), (model.ImageFeatures.Hits, model.ImageFeatures.Misses));
        Assert.Equal(cold.LogProbabilities, warm.LogProbabilities);
        Assert.Equal(cold.TokenIds, warm.TokenIds);
    }

    [Fact]
    public void OneStepEncodesEqualPicturesOnce()
    {
        RgbImage cake = Picture("cake.png"), sun = Picture("sun.png");
        model.ImageFeatures.MaxBytes = 0;
        IReadOnlyList<GenerationResult> results = model.Generate(
            [.. new[] { cake, sun, cake, cake }.Select(image => new GenerationRequest { Images = [image], Prompt = "caption en" })]);
        Assert.Equal((2, 2, 0), (model.ImageFeatures.Hits, model.ImageFeatures.Misses, model.ImageFeatures.Bytes));
        Assert.Equal(["a cake", "two suns", "a cake", "a cake"], results.Select(r => r.Text));
    }

    [Fact]
    public void APictureThatWasDrawnOnIsAnother()
    {
        RgbImage image = Picture("cake.png");
        Ask(image, "caption en");
        image.Pixels.AsSpan().Fill(128);
        Ask(image, "caption en");
        Assert.Equal(2, model.ImageFeatures.Misses);
    }

    [Fact]
    public void TheLeastRecentlyUsedLeave()
    {
        RgbImage cake = Picture("cake.png"), sun = Picture("sun.png"), key = Picture("car-key.png");
        model.ImageFeatures.MaxBytes = 2 * EntryBytes + 1;
        foreach (RgbImage image in new[] { cake, sun, cake, key, cake }) Ask(image, "caption en"); // key replaces sun
        Assert.Equal((2, 3, 2 * EntryBytes), (model.ImageFeatures.Hits, model.ImageFeatures.Misses, model.ImageFeatures.Bytes));
        Ask(sun, "caption en");
        Assert.Equal(4, model.ImageFeatures.Misses);
        model.ImageFeatures.MaxBytes = EntryBytes - 1;
        Assert.Equal(0, model.ImageFeatures.Bytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.ImageFeatures.MaxBytes = -1);
    }
}
