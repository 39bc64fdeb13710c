using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Conformance;

/// <summary>The demo model on unseen scenes gives the same tokens as the reference wherever the choice was not a near tie.</summary>
public abstract class DemoGoldens
{
    private const double NearTie = 1e-3;

    /// <summary>A new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>How many of the forty scenes to run: all, unless the backend is slow.</summary>
    protected abstract int Scenes { get; }

    [BackendFact]
    public void Answers_equal_the_reference()
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("demo-cases", "answers.json")));
        int compared = 0;
        IEnumerable<JsonElement> all = json.RootElement.EnumerateArray();
        foreach (IGrouping<string, JsonElement> scene in all.GroupBy(c => c.GetProperty("image").GetString()!).Take(Scenes))
        {
            RgbImage[] image = [ImageFile.Load(GoldenFiles.PathOf("demo-cases", scene.Key))];
            JsonElement[] cases = [.. scene.Where(c => c.GetProperty("min_margin").GetDouble() > NearTie)];
            IReadOnlyList<GenerationResult> results = model.Generate(
                [.. cases.Select(c => new GenerationRequest { Images = image, Prompt = c.GetProperty("prompt").GetString()! })]);
            for (int i = 0; i < cases.Length; i++)
            {
                Assert.Equal(GoldenCase.Ints(cases[i].GetProperty("tokens")), results[i].TokenIds);
                Assert.Equal(cases[i].GetProperty("text").GetString(), results[i].Text);
                float[] expected = [.. cases[i].GetProperty("logprobs").EnumerateArray().Select(e => e.GetSingle())];
                string what = $"{scene.Key} {cases[i].GetProperty("prompt")} log-probabilities";
                TensorAssert.Close(expected, results[i].LogProbabilities.ToArray(), 1e-3, what);
                compared++;
            }
        }

        Assert.True(compared >= 5 * Scenes, $"Only {compared} answers were compared.");
    }

    [BackendFact]
    public void Samples_are_answered_as_listed()
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        string samples = Path.Combine(GoldenFiles.DemoModel, "..", "samples");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(samples, "answers.json")));
        foreach (JsonElement golden in json.RootElement.EnumerateArray().Take(2 * Scenes))
        {
            RgbImage image = ImageFile.Load(Path.Combine(samples, golden.GetProperty("image").GetString()!));
            var request = new GenerationRequest { Images = [image], Prompt = golden.GetProperty("prompt").GetString()! };
            Assert.Equal(GoldenCase.Ints(golden.GetProperty("tokens")), model.Generate([request])[0].TokenIds);
        }
    }
}
